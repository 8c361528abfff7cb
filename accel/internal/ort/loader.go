// SPDX-License-Identifier: Apache-2.0

//go:build cgo && !windows

package ort

/*
#cgo linux LDFLAGS: -ldl
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// OrtApiBase of the C API, as far as it is needed before the API is asked for.
typedef struct {
	const void *(*get_api)(uint32_t version);
	const char *(*get_version)(void);
} api_base;

// load opens a library. dlerror belongs to the thread, so it is read here.
static void *load(const char *path, int flags, const char **error) {
	void *handle = dlopen(path, flags);
	*error = handle ? NULL : dlerror();
	return handle;
}

// version returns the version of libonnxruntime, or NULL for another library,
// and the file that it was loaded from.
static const char *version(void *handle, const char **file) {
	void *symbol = dlsym(handle, "OrtGetApiBase");
	Dl_info info;
	if (!symbol) return NULL;
	*file = dladdr(symbol, &info) ? info.dli_fname : NULL;
	return ((const api_base *(*)(void))symbol)()->get_version();
}

// cuda_count returns the number of cards, or the negative code of an error.
static int cuda_count(void *driver) {
	int (*init)(unsigned) = (int (*)(unsigned))dlsym(driver, "cuInit");
	int (*count)(int *) = (int (*)(int *))dlsym(driver, "cuDeviceGetCount");
	int n = 0, err;
	if (!init || !count) return -1;
	if ((err = init(0)) || (err = count(&n))) return -err;
	return n;
}

static int cuda_name(void *driver, int card, char *name, int len) {
	int (*get)(char *, int, int) = (int (*)(char *, int, int))dlsym(driver, "cuDeviceGetName");
	return get ? get(name, len, card) : -1;
}

typedef struct {
	char **devices;
	size_t size;
} ov_devices;

// openvino lists the devices by the C API of OpenVINO; free with openvino_free.
static int openvino(void *lib, ov_devices *list) {
	int (*create)(void **) = (int (*)(void **))dlsym(lib, "ov_core_create");
	int (*get)(void *, ov_devices *) = (int (*)(void *, ov_devices *))dlsym(lib, "ov_core_get_available_devices");
	void (*release)(void *) = (void (*)(void *))dlsym(lib, "ov_core_free");
	void *core = NULL;
	int err;
	if (!create || !get || !release) return -1;
	if ((err = create(&core))) return err;
	err = get(core, list);
	release(core);
	return err;
}

static void openvino_free(void *lib, ov_devices *list) {
	void (*release)(ov_devices *) = (void (*)(ov_devices *))dlsym(lib, "ov_available_devices_free");
	if (release) release(list);
}

// signals is what belongs to Go of the handling of signals: the handlers of the
// process, and the stack that those of this thread run on.
enum { num_signals = 65 };

typedef struct {
	struct sigaction handlers[num_signals];
	stack_t stack;
} signals;

static void save_signals(signals *old) {
	for (int s = 1; s < num_signals; s++) sigaction(s, NULL, &old->handlers[s]);
	sigaltstack(NULL, &old->stack);
}

// restore_signals brings back each handler whose place another has taken that
// does not run on the signal stack, as all of Go's do, and the stack.
static void restore_signals(const signals *old) {
	struct sigaction now;
	for (int s = 1; s < num_signals; s++) {
		if (sigaction(s, NULL, &now) || now.sa_handler == SIG_DFL || now.sa_handler == SIG_IGN) continue;
		if (!(now.sa_flags & SA_ONSTACK) && now.sa_handler != old->handlers[s].sa_handler)
			sigaction(s, &old->handlers[s], NULL);
	}
	sigaltstack(&old->stack, NULL);
}
*/
import "C"

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"unsafe"
)

// dlopen opens a library and returns its handle.
func dlopen(path string, flags C.int) (unsafe.Pointer, error) {
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	var text *C.char
	if h := C.load(name, flags, &text); h != nil {
		return h, nil
	}
	return nil, errors.New(C.GoString(text))
}

// inspect finds out the version and the real path of a libonnxruntime.
func inspect(path string) (Library, error) {
	h, err := dlopen(path, C.RTLD_LAZY)
	if err != nil {
		return Library{}, err
	}
	defer C.dlclose(h)
	var file *C.char
	version := C.version(h, &file)
	if version == nil {
		return Library{}, fmt.Errorf("%s is not libonnxruntime: it has no OrtGetApiBase", path)
	}
	l := Library{Path: path, Version: C.GoString(version)}
	if file != nil && !filepath.IsAbs(path) {
		l.Path = C.GoString(file) // providers are looked for beside the path given
	}
	return l, nil
}

// tryLoad loads a library, for good or only to see whether it can be.
func tryLoad(path string, keep bool) error {
	flags := C.int(C.RTLD_LAZY)
	if keep {
		flags |= C.RTLD_GLOBAL
	}
	h, err := dlopen(path, flags)
	if err == nil && !keep {
		C.dlclose(h)
	}
	return err
}

// cudaDevices returns the names of the CUDA cards of this host.
func cudaDevices() ([]string, error) {
	h, err := dlopen("libcuda.so.1", C.RTLD_LAZY)
	if err != nil {
		return nil, err
	}
	var n int
	keepSignals(func() { n = int(C.cuda_count(h)) }) // the driver stays loaded: it does not like to be unloaded
	if n <= 0 {
		return nil, fmt.Errorf("the driver of CUDA finds none (error %d)", -n)
	}
	names := make([]string, n)
	var buf [128]C.char
	for i := range names {
		if C.cuda_name(h, C.int(i), &buf[0], C.int(len(buf))) == 0 {
			names[i] = C.GoString(&buf[0])
		}
	}
	return names, nil
}

// openvinoDevices lists the devices that the OpenVINO in a folder finds, such
// as CPU, GPU.0 and NPU.
func openvinoDevices(dir string) ([]string, error) {
	found, err := filepath.Glob(filepath.Join(dir, "libopenvino_c.so*"))
	if err != nil || len(found) == 0 {
		return nil, errors.New("no C API of OpenVINO")
	}
	h, err := dlopen(found[0], C.RTLD_LAZY)
	if err != nil {
		return nil, err
	}
	defer C.dlclose(h)
	var list C.ov_devices
	var code C.int
	keepSignals(func() { code = C.openvino(h, &list) })
	if code != 0 {
		return nil, fmt.Errorf("OpenVINO: error %d", int(code))
	}
	defer C.openvino_free(h, &list)
	var names []string
	for _, d := range unsafe.Slice(list.devices, list.size) {
		names = append(names, C.GoString(d))
	}
	return names, nil
}

// keepSignals calls f and brings back what f has changed of the handling of
// signals, without which Go cannot go on. The libraries of CUDA put handlers in
// the place of Go's that do not run on the signal stack. OpenVINO gives the
// calling thread another signal stack, whose memory it frees when the last
// session is closed, on whatever thread that happens: the next signal to the
// first thread would end the process without a word.
//
// The goroutine is locked to its thread while f runs.
func keepSignals(f func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	old := (*C.signals)(C.malloc(C.sizeof_signals))
	C.save_signals(old)
	defer C.free(unsafe.Pointer(old))
	defer C.restore_signals(old)
	f()
}
