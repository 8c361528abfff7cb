// SPDX-License-Identifier: Apache-2.0

//go:build linux

package isolate

import (
	"errors"
	"fmt"

	"github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/sys/unix"

	"github.com/neuroran/neuroran/placement/resource"
)

// restrictCalls gives up, for all threads and for good, all system calls but those of the
// list. It returns what the kernel lacks.
func restrictCalls() ([]resource.Lack, error) {
	if !seccomp.Supported() {
		return []resource.Lack{{What: string(resource.Seccomp), Why: "seccomp(2): not supported"}}, nil
	}
	filter, err := systemCallFilter()
	if err == nil {
		err = seccomp.LoadFilter(filter)
	}
	if err != nil {
		return nil, fmt.Errorf("seccomp: %w", err)
	}
	return nil, nil
}

// systemCallFilter allows the system calls of the list that this architecture has. All
// others fail with EPERM, those of the future too.
//
// Two need a closer look. clone(2) makes threads, and with other flags namespaces in which
// the process would have all capabilities: such flags are refused. clone3(2) has its flags
// in memory, which a filter cannot read; ENOSYS makes the C library use clone.
func systemCallFilter() (seccomp.Filter, error) {
	info, err := arch.GetInfo("")
	if err != nil {
		return seccomp.Filter{}, err
	}
	var names []string
	for _, name := range systemCalls {
		if _, ok := info.SyscallNames[name]; ok {
			names = append(names, name)
		}
	}
	if len(names) < len(systemCalls)/2 {
		return seccomp.Filter{}, errors.New("the architecture is not known")
	}
	noNamespaces := seccomp.ArgumentConditions{{Argument: 0, Operation: seccomp.BitsNotSet, Value: namespaceFlags}}
	return seccomp.Filter{
		NoNewPrivs: true,
		Flag:       seccomp.FilterFlagTSync,
		Policy: seccomp.Policy{
			DefaultAction: seccomp.ActionErrno,
			Syscalls: []seccomp.SyscallGroup{
				{Names: []string{"clone3"}, Action: seccomp.ActionErrno | seccomp.Action(unix.ENOSYS)},
				{NamesWithCondtions: []seccomp.NameWithConditions{{Name: "clone", Conditions: noNamespaces}}, Action: seccomp.ActionAllow},
				{Names: names, Action: seccomp.ActionAllow},
			},
		},
	}, nil
}

// namespaceFlags are the flags of clone(2) that make a namespace.
const namespaceFlags = unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS |
	unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP

// systemCalls is what a Go program at work needs, with C libraries in it such as ONNX
// Runtime, and no more: memory, threads, time, files that Landlock allows, and the
// connection that it has. There is no socket, connect, execve, kill, ptrace, mount,
// setns, unshare, bpf, io_uring or keyring.
var systemCalls = []string{
	// Memory.
	"brk", "mmap", "munmap", "mremap", "mprotect", "madvise", "mincore", "mlock", "mlock2", "munlock", "membarrier",
	"mbind", "get_mempolicy", "msync",
	// Threads and their signals. tgkill reaches this process alone: it is the only one
	// that its pid namespace has.
	"futex", "futex_waitv", "set_robust_list", "get_robust_list", "rseq", "set_tid_address", "arch_prctl", "gettid", "getpid",
	"getppid", "exit", "exit_group", "tgkill", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait", "sigaltstack",
	"restart_syscall", "sched_yield", "sched_getaffinity", "sched_setaffinity", "sched_getattr", "sched_setattr",
	"sched_getparam", "sched_getscheduler", "getcpu", "prctl", "getpriority", "setpriority",
	// Time.
	"nanosleep", "clock_nanosleep", "clock_gettime", "clock_getres", "gettimeofday", "time", "timer_create", "timer_settime",
	"timer_gettime", "timer_delete", "timerfd_create", "timerfd_settime", "timerfd_gettime", "setitimer", "getitimer",
	// Who and where it is.
	"getuid", "geteuid", "getgid", "getegid", "getgroups", "uname", "sysinfo", "getrlimit", "prlimit64", "getrusage", "times",
	"getrandom", "getcwd", "capget",
	// Descriptors.
	"read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "lseek", "close", "close_range", "dup", "dup2",
	"dup3", "fcntl", "pipe", "pipe2", "eventfd2", "poll", "ppoll", "select", "pselect6", "epoll_create1", "epoll_create",
	"epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "splice", "tee", "copy_file_range", "sendfile",
	// The connection that it has.
	"recvfrom", "sendto", "recvmsg", "sendmsg", "recvmmsg", "sendmmsg", "getsockopt", "setsockopt", "getsockname", "getpeername",
	"shutdown",
	// Files, of which Landlock says which.
	"open", "openat", "openat2", "creat", "stat", "lstat", "fstat", "newfstatat", "fstatat64", "statx", "statfs", "fstatfs",
	"access", "faccessat", "faccessat2", "readlink", "readlinkat", "getdents64", "ftruncate", "truncate", "fallocate", "fsync",
	"fdatasync", "sync_file_range", "flock", "fadvise64", "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "rename",
	"renameat", "renameat2", "fchmod", "utimensat",
}
