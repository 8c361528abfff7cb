// SPDX-License-Identifier: Apache-2.0

package ortlib

// pythonVersion is the interpreter whose wheel is pinned; the libraries in it
// do not depend on it.
const pythonVersion = "3.13"

// pins lists the known builds. The first file of each is libonnxruntime itself;
// the others must lie in the same folder, which is where it looks for them. All
// files of a flavour are of one version: a provider beside another version's
// libonnxruntime crashes.
var pins = []Pin{
	{
		Flavor: "cpu", GOOS: "linux", GOARCH: "amd64", Package: "onnxruntime", Version: "1.32.0",
		Platform:      "manylinux_2_28_x86_64",
		ArchiveSHA256: "02ea12a28c069ea8510093d95a7f6ff8126bfd9fc5c0d3381c03b80fb2b424ba",
		Files: []File{
			{"onnxruntime/capi/libonnxruntime.so.1.32.0", 34824680, "6c1585d1bbf45b0712ea4a21b705c5fcb4ba04ff2e30f1fbf81a49faf658638f"},
		},
	},
	{
		Flavor: "cpu", GOOS: "linux", GOARCH: "arm64", Package: "onnxruntime", Version: "1.32.0",
		Platform:      "manylinux_2_28_aarch64",
		ArchiveSHA256: "54d02baff2df38777b4c3cc7af326406fe8b8a48f54720f4c446d2d327920a79",
		Files: []File{
			{"onnxruntime/capi/libonnxruntime.so.1.32.0", 27165936, "49852228a93995158b2a813d4df487d47a1b76b0eaa894507ef49e91b6d7954a"},
		},
	},
	{
		Flavor: "cpu", GOOS: "darwin", GOARCH: "arm64", Package: "onnxruntime", Version: "1.32.0",
		Platform:      "macosx_14_0_arm64",
		ArchiveSHA256: "27bf5dad46355a8a435c9c4e1556464d99ca834ea44e0f452909712068b8821b",
		Files: []File{
			{"onnxruntime/capi/libonnxruntime.1.32.0.dylib", 35272344, "fa585fabbea65b823b9a8f7e27d46aee3989d1be7e36b528203d3a1fd613aae7"},
		},
	},
	{
		Flavor: "cpu", GOOS: "windows", GOARCH: "amd64", Package: "onnxruntime", Version: "1.32.0",
		Platform:      "win_amd64",
		ArchiveSHA256: "c7f9aa98036ba2a47aa041a4a8c6d0a1f7bfe1bde44c131dcd15ce334f2f148d",
		Files: []File{
			{"onnxruntime/capi/onnxruntime.dll", 22668600, "bf0927ca8efb68ad67f6cad3851641dc78e21a687a3fd959ae262d3252e9fa0a"},
		},
	},
	{
		// The last version whose OpenVINO provider the C API of this build can
		// select; what came later is a plugin (docs/RATIONALE.md).
		Flavor: "openvino", GOOS: "linux", GOARCH: "amd64", Package: "onnxruntime-openvino", Version: "1.24.1",
		Platform:      "manylinux_2_28_x86_64",
		ArchiveSHA256: "2c3bb73e68ac27f4891af8a595c1faf574ec68b772e6583c90a0b997a1822782",
		Files: []File{
			{"onnxruntime/capi/libonnxruntime.so.1.24.1", 31260360, "a88c790b82c5bdfd4740ebe3018e52009851097f97fbd9e5e3fd3249fcdb9ed7"},
			{"onnxruntime/capi/libonnxruntime_providers_shared.so", 15776, "5e02c1ff90e7d71365264dbb6767c00f04a8b57a96cddbc0085c61fa1393250d"},
			{"onnxruntime/capi/libonnxruntime_providers_openvino.so", 2000856, "288a362f90a6daced2c9c017d1419d80d2505751d4349f6499652f7e4d5ce53f"},
			{"onnxruntime/capi/libopenvino.so.2541", 25284089, "ac9634b715a242a61644c77bc38f17508fe73f517e418027e2410f4bee004943"},
			{"onnxruntime/capi/libopenvino_c.so.2541", 389321, "e515e35253414797438772767dbc4be3a4c8e8940f2fa31954bd711d514e782e"},
			{"onnxruntime/capi/libopenvino_onnx_frontend.so.2541", 7006249, "f426710881d8c1a01d5ed6d7eaa076d923b19983d3ab3a18bb19d25dba7d8923"},
			{"onnxruntime/capi/libopenvino_intel_cpu_plugin.so", 67008289, "034df890550ae9199fe5f8608c0df8fd0fe355f303bad56bea10bae14c14c3cb"},
			{"onnxruntime/capi/libopenvino_intel_gpu_plugin.so", 18158505, "5575d03f4a168b257461b83089bc2d0ae7a41ebc1b5ab6b591d26f09c4a3635e"},
			{"onnxruntime/capi/libopenvino_intel_npu_plugin.so", 6079705, "5fad291a5cce9b0b5a7d73317ffcb811f6f93f029ce23eb679e9b6b3da88a1ae"},
			{"onnxruntime/capi/libtbb.so.12", 367649, "6781dc6aa8b2ca237d0164258e70266a44667756c02a9a039782ec1d1a67b653"},
		},
	},
	{
		Flavor: "gpu", GOOS: "linux", GOARCH: "amd64", Package: "onnxruntime-gpu", Version: "1.31.1",
		Platform:      "manylinux_2_28_x86_64",
		ArchiveSHA256: "f659529e07c21ec6b6179fd1bfaf82ffb7c3dc9c0916e18f6f313f9a690891be",
		Files: []File{
			{"onnxruntime/capi/libonnxruntime.so.1.31.1", 29421832, "5104254339ecadae808da771bd0b63b240f0dbd466514234905e54372435c303"},
			{"onnxruntime/capi/libonnxruntime_providers_shared.so", 14632, "086ec1d5388f64153d9c63470d126693db9a182c8ce236d3a1119068471b8a0d"},
			{"onnxruntime/capi/libonnxruntime_providers_cuda.so", 284014752, "f62fddac1a32c2893ba9268058fa91e38d14d5ce5609c6e31e7e8b7d61f97e26"},
			{"onnxruntime/capi/libonnxruntime_providers_tensorrt.so", 994968, "1882ee49fdb0e6fc2d272b00cfaf9a3310bf8580a34385c0eec4d82014ea172e"},
		},
	},
}
