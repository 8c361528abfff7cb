// SPDX-License-Identifier: Apache-2.0

// Package store keeps what a runtime commits in a folder on one machine: it is an
// [sfaas.Engine] on Pebble, a store of sorted keys.
//
//	s, err := store.Open("state", nil)
//	defer s.Close()
//	rt, err := sfaas.NewRuntime(app, sfaas.WithEngine(s))
//
// A runtime never waits for the disk. What its workers offer gathers while the former
// group is synced, and becomes the next group: one batch, one sync, however many
// records there are. A record is acknowledged when its group is on the disk, and its
// outputs leave then. [Options.SyncInterval] makes groups rarer and larger.
//
// # What it survives
//
//	what happens                       what was acknowledged            test
//	handler panics, process is killed  is there, and counted once       TestKill, TestSmoke
//	any of several processes is        is there, and counted once       TestFleet,
//	killed, while units move                                            TestRoster
//	operating system crashes           is there; what was not synced    TestCrash
//	                                   is gone as whole records
//	disk is full                       is there; further records get    TestFullDisk
//	                                   [ErrFull] until there is room
//	a write or a sync fails            is there; further records get    TestFailedDisk
//	                                   [ErrFailed] until the files
//	                                   could be opened anew
//	a bit of any file changes          is there, or [DamagedError]      TestDamage
//	a file is cut or lost              is there, or [DamagedError]      TestLoss
//	disk or machine is lost            is lost: one store is one copy
//
// What is reported as damaged stays as it is: nothing is mended, removed or served in
// part. There is one case in which damage goes unseen: the operating system crashes,
// and more than one bit changes of the very last group before that, within
// 50 ms of its sync. It cannot be told from one that was not acknowledged.
//
// # Files
//
// The folder holds Pebble's files, and one named PROOF, which says what was synced of
// those; see [RATIONALE] for the reason. Nothing else may be in it: Open refuses to begin
// a store beside files of others. One process at a time has it open. Of a unit that is gone
// some 25 bytes stay, for its epoch: whoever comes with an older one is refused.
//
// [RATIONALE]: https://github.com/neuroran/neuroran/blob/main/docs/RATIONALE.md
package store
