// SPDX-License-Identifier: Apache-2.0
//
// run LIBRARY MODEL SEED DIM... / DIM... runs a model of one float32 input and
// one output through the C API of ONNX Runtime, on one thread and bound once, as
// package accel does. Each line "N" on standard input asks for N runs; the
// answer is the shortest in nanoseconds. Before the end it prints the sum of the
// outputs, so that the other side can see that both computed the same.

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "onnxruntime_c_api.h"

static const OrtApi *api;

static void check(OrtStatus *status) {
	if (!status) return;
	fprintf(stderr, "run: %s\n", api->GetErrorMessage(status));
	exit(1);
}

static uint64_t now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

// tensor wraps memory of its own, aligned as the caller's is.
static OrtValue *tensor(const OrtMemoryInfo *info, char **dims, int rank, float **data, size_t *len) {
	int64_t shape[8];
	OrtValue *v = NULL;
	*len = 1;
	for (int i = 0; i < rank; i++) *len *= (size_t)(shape[i] = atoll(dims[i]));
	*data = aligned_alloc(64, (*len * sizeof(float) + 63) / 64 * 64);
	memset(*data, 0, *len * sizeof(float));
	check(api->CreateTensorWithDataAsOrtValue(info, *data, *len * sizeof(float), shape, (size_t)rank,
		ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, &v));
	return v;
}

int main(int argc, char **argv) {
	void *lib = argc > 6 ? dlopen(argv[1], RTLD_NOW) : NULL;
	if (!lib) return fprintf(stderr, "run: %s\n", argc > 6 ? dlerror() : "too few arguments"), 2;
	const OrtApiBase *(*base)(void) = (const OrtApiBase *(*)(void))dlsym(lib, "OrtGetApiBase");
	api = base()->GetApi(ORT_API_VERSION);

	OrtEnv *env;
	OrtSessionOptions *options;
	OrtSession *session;
	OrtMemoryInfo *info;
	OrtIoBinding *binding;
	OrtAllocator *allocator;
	check(api->CreateEnv(ORT_LOGGING_LEVEL_FATAL, "overhead", &env));
	check(api->CreateSessionOptions(&options));
	check(api->SetIntraOpNumThreads(options, 1));
	check(api->SetInterOpNumThreads(options, 1));
	check(api->SetSessionGraphOptimizationLevel(options, ORT_ENABLE_ALL));
	check(api->AddSessionConfigEntry(options, "session.intra_op.allow_spinning", "0"));
	check(api->CreateSession(env, argv[2], options, &session));
	check(api->CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &info));
	check(api->CreateIoBinding(session, &binding));
	check(api->GetAllocatorWithDefaultOptions(&allocator));

	int split = 4;
	while (split < argc && strcmp(argv[split], "/")) split++;
	char *in_name, *out_name;
	float *in, *out;
	size_t in_len, out_len;
	check(api->SessionGetInputName(session, 0, allocator, &in_name));
	check(api->SessionGetOutputName(session, 0, allocator, &out_name));
	check(api->BindInput(binding, in_name, tensor(info, argv + 4, split - 4, &in, &in_len)));
	check(api->BindOutput(binding, out_name, tensor(info, argv + split + 1, argc - split - 1, &out, &out_len)));

	// The caller makes the same numbers: a linear congruential generator.
	uint32_t x = (uint32_t)atol(argv[3]);
	for (size_t i = 0; i < in_len; i++) {
		x = x * 1664525u + 1013904223u;
		in[i] = (float)(int32_t)x / 1073741824.0f;
	}
	int n;
	while (scanf("%d", &n) == 1 && n > 0) {
		uint64_t best = UINT64_MAX;
		for (int i = 0; i < n; i++) {
			uint64_t start = now();
			check(api->RunWithBinding(session, NULL, binding));
			uint64_t took = now() - start;
			if (took < best) best = took;
		}
		printf("%llu\n", (unsigned long long)best);
		fflush(stdout);
	}
	double sum = 0;
	for (size_t i = 0; i < out_len; i++) sum += out[i];
	printf("%.9g\n", sum);
	return 0;
}
