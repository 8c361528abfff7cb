// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package ort

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/neuroran/neuroran/accel/backend"
)

// options returns the options of a session on the device: those that every
// provider shares, and then the provider with its own.
func (t target) options(c backend.Config) (*ort.SessionOptions, error) {
	opts, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	if err := errors.Join(t.share(opts, c), t.append(opts, c)); err != nil {
		return nil, errors.Join(err, opts.Destroy())
	}
	return opts, nil
}

// share sets the options that do not depend on the provider. Errors come back
// from the calls, so nothing is logged to the host's standard error.
func (t target) share(opts *ort.SessionOptions, c backend.Config) error {
	levels := [...]ort.GraphOptimizationLevel{
		backend.OptimizeAll: ort.GraphOptimizationLevelEnableAll, backend.OptimizeExtended: ort.GraphOptimizationLevelEnableExtended,
		backend.OptimizeBasic: ort.GraphOptimizationLevelEnableBasic, backend.OptimizeNone: ort.GraphOptimizationLevelDisableAll,
	}
	if int(c.Optimization) >= len(levels) {
		return &backend.OptionError{Device: t.device, Option: "Optimization", Got: c.Optimization, Want: "all, extended, basic or none"}
	}
	err := errors.Join(
		opts.SetIntraOpNumThreads(max(c.Threads, 1)),
		opts.SetInterOpNumThreads(1),
		opts.SetGraphOptimizationLevel(levels[c.Optimization]),
		opts.SetLogSeverityLevel(ort.LoggingLevelFatal),
		opts.AddSessionConfigEntry("session.intra_op.allow_spinning", flag(c.Spin)),
		opts.AddSessionConfigEntry("session.inter_op.allow_spinning", flag(c.Spin)),
		// For the runtime's own threads; the calling one is set around each run.
		opts.AddSessionConfigEntry("session.set_denormal_as_zero", flag(!c.KeepDenormals)),
	)
	if t.provider != "cpu" && !c.AllowFallback {
		err = errors.Join(err, opts.AddSessionConfigEntry("session.disable_cpu_ep_fallback", "1"))
	}
	return err
}

// append adds the provider.
func (t target) append(opts *ort.SessionOptions, c backend.Config) error {
	switch t.provider {
	case "cuda":
		return t.appendCUDA(opts, c)
	case "tensorrt":
		// What TensorRT leaves goes to CUDA, on the same card.
		return errors.Join(t.appendTensorRT(opts, c), t.appendCUDA(opts, c))
	case "openvino":
		return t.appendOpenVINO(opts, c)
	}
	return nil
}

func (t target) appendCUDA(opts *ort.SessionOptions, c backend.Config) error {
	cuda, err := ort.NewCUDAProviderOptions()
	if err != nil {
		return err
	}
	err = cuda.Update(map[string]string{"device_id": t.index, "use_tf32": flag(c.Precision != backend.Float32)})
	if err == nil {
		err = opts.AppendExecutionProviderCUDA(cuda)
	}
	return errors.Join(err, cuda.Destroy())
}

// appendTensorRT adds TensorRT with its caches: compiling an engine takes from
// seconds to minutes, and the cache makes the second time take milliseconds.
// Engines hold for one card, one version and one precision; TensorRT puts the
// first two into their names, and the folder has the third.
func (t target) appendTensorRT(opts *ort.SessionOptions, c backend.Config) error {
	dir := c.CacheDir
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return err
		}
		dir = filepath.Join(cache, "neuroran", "tensorrt")
	}
	dir = filepath.Join(dir, c.Precision.String())
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("cache of TensorRT: %w", err)
	}
	trt, err := ort.NewTensorRTProviderOptions()
	if err != nil {
		return err
	}
	err = trt.Update(map[string]string{
		"device_id":               t.index,
		"trt_engine_cache_enable": "1", "trt_engine_cache_path": dir,
		"trt_timing_cache_enable": "1", "trt_timing_cache_path": dir,
		"trt_fp16_enable": flag(c.Precision == backend.Float16),
		"trt_bf16_enable": flag(c.Precision == backend.BFloat16),
		"trt_int8_enable": flag(c.Precision == backend.Int8),
	})
	if err == nil {
		err = opts.AppendExecutionProviderTensorRT(trt)
	}
	return errors.Join(err, trt.Destroy())
}

// appendOpenVINO adds OpenVINO. What it shall compute in goes by load_config,
// which must be inline JSON: a path is refused with a misleading text, and
// other options are ignored in silence.
//
// OpenVINO runs a session on threads of its own, a stream at a time; with the
// one stream that is its default the bindings of a session would wait for each
// other. There are as many streams as Go runs goroutines at once.
func (t target) appendOpenVINO(opts *ort.SessionOptions, c backend.Config) error {
	properties := map[string]string{"INFERENCE_PRECISION_HINT": c.Precision.String()}
	if t.index == "CPU" {
		threads := max(c.Threads, 1)
		streams := max(1, runtime.GOMAXPROCS(0)/threads)
		properties["NUM_STREAMS"] = strconv.Itoa(streams)
		properties["INFERENCE_NUM_THREADS"] = strconv.Itoa(streams * threads)
		if t.plain {
			properties["SNIPPETS_MODE"] = "DISABLE"
		}
		properties["CPU_DENORMALS_OPTIMIZATION"] = map[bool]string{true: "NO", false: "YES"}[c.KeepDenormals]
	}
	config, err := json.Marshal(map[string]any{t.index: properties})
	if err != nil {
		return err
	}
	return opts.AppendExecutionProviderOpenVINO(map[string]string{"device_type": t.index, "load_config": string(config)})
}

func flag(on bool) string {
	if on {
		return "1"
	}
	return "0"
}
