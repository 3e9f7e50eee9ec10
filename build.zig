//! zig build            the libraries for this host       -> lib/<target>/
//! zig build targets    the libraries for all six targets, and the edge's module -> lib/<target>/
//! zig build edge       the edge's WebAssembly module -> lib/wasm/
//! zig build faults     the host's library with failing system calls, for tests -> zig-out/<target>/
//! zig build bench      the benchmark's floor, native loops -> zig-out/<target>/
//! zig build proof      the programs of the proof suite -> zig-out/<target>/
//! zig build abi        writes src/native/abi.ts from zig/abi.zig
//! zig build test       the core's own tests
//!
//! -Doptimize=safe|fast|small|debug is about the core; "safe" has all checks, and inlines little
//! beyond what says so (`zig/library.zig`). The crypto library is optimised for size
//! (-Dcrypto-optimize), since each has to fit into 64 KiB, and its inner loops for speed, always;
//! its checks are its own and stay. -Dstrip=false keeps the names of functions.

const std = @import("std");

const Target = struct { query: std.Target.Query, folder: []const u8 };

/// Linux without libc: one library for glibc and musl. The rest names the vendor's
/// system library and nothing else.
const targets = [_]Target{
    .{ .query = .{ .cpu_arch = .x86_64, .os_tag = .linux, .abi = .none }, .folder = "linux-x86_64" },
    .{ .query = .{ .cpu_arch = .aarch64, .os_tag = .linux, .abi = .none }, .folder = "linux-aarch64" },
    .{ .query = .{ .cpu_arch = .x86_64, .os_tag = .macos }, .folder = "macos-x86_64" },
    .{ .query = .{ .cpu_arch = .aarch64, .os_tag = .macos }, .folder = "macos-aarch64" },
    .{ .query = .{ .cpu_arch = .x86_64, .os_tag = .windows, .abi = .gnu }, .folder = "windows-x86_64" },
    .{ .query = .{ .cpu_arch = .aarch64, .os_tag = .windows, .abi = .gnu }, .folder = "windows-aarch64" },
};

pub fn build(b: *std.Build) void {
    const optimize: std.lang.Optimize = b.option(std.lang.Optimize, "optimize", "Default: safe") orelse .safe;
    const crypto_optimize: std.lang.Optimize = b.option(std.lang.Optimize, "crypto-optimize", "Default: small") orelse .small;
    const strip = b.option(bool, "strip", "Leave the names of functions out. Default: true") orelse true;
    const host = b.graph.host.result;

    const all = b.step("targets", "Build the libraries for all six targets, and the edge's module");
    for (targets) |target| {
        const installed = install_core(b, target, optimize, strip, "securememory", .{});
        const installed_crypto = install_crypto(b, target, crypto_optimize, strip);
        all.dependOn(installed);
        const installed_extra = install_core(b, target, optimize, strip, "securememory-extra", .{ .extra = true });
        all.dependOn(installed_crypto);
        all.dependOn(installed_extra);
        if (target.query.cpu_arch == host.cpu.arch and target.query.os_tag == host.os.tag) {
            b.getInstallStep().dependOn(installed);
            b.getInstallStep().dependOn(installed_crypto);
            b.getInstallStep().dependOn(installed_extra);
            const faults = b.step("faults", "Build the library whose system calls tests can make fail");
            faults.dependOn(install_core(b, target, optimize, strip, "securememory-faults", .{
                .faults = true,
                .whole = true,
            }));
            const floor = b.step("bench", "Build the native loops that benchmarks compare with");
            floor.dependOn(install_floor(b, target));
            const proof = b.step("proof", "Build the programs that read secrets from outside");
            if (target.query.os_tag == .linux) install_proof(b, target, proof);
        }
    }

    const edge = install_edge(b);
    all.dependOn(edge);
    b.step("edge", "Build the WebAssembly module").dependOn(edge);

    const run_tests = b.addRunArtifact(tests_for(b, b.graph.host, .{}));
    // A result from the cache has no counts.
    run_tests.has_side_effects = true;
    b.step("test", "Run the core's own tests").dependOn(&run_tests.step);

    // For what runs programs of other systems: see tests/arch.
    for (targets) |target| {
        if (target.query.cpu_arch == host.cpu.arch and target.query.os_tag == host.os.tag) continue;
        const program = b.addInstallArtifact(tests_for(b, b.resolveTargetQuery(target.query), target.query), .{
            .dest_dir = .{ .override = .{ .custom = target.folder } },
            .pdb_dir = .disabled,
        });
        const step = b.step(b.fmt("test-{s}", .{target.folder}), b.fmt("Compile the core's own tests for {s}", .{target.folder}));
        step.dependOn(&program.step);
    }

    const writer = b.addExecutable(.{
        .name = "abi-typescript",
        .root_module = core(b, "zig/abi_typescript.zig", b.graph.host, .debug, false),
    });
    const run_writer = b.addRunArtifact(writer);
    const written = run_writer.captureStdOut(.{});
    const update = b.addUpdateSourceFiles();
    update.addCopyFileToSource(written, "src/native/abi.ts");
    b.step("abi", "Write src/native/abi.ts").dependOn(&update.step);
}

fn tests_for(b: *std.Build, target: std.Build.ResolvedTarget, query: std.Target.Query) *std.Build.Step.Compile {
    const tests = b.addTest(.{ .root_module = core(b, "zig/tests.zig", target, .safe, true) });
    add_variants(b, tests.root_module, query, true);
    tests.root_module.linkLibrary(crypto_archive(b, query));
    tests.root_module.strip = false;
    tests.root_module.error_tracing = true;
    tests.root_module.unwind_tables = .sync;
    return tests;
}

fn core(
    b: *std.Build,
    root: []const u8,
    target: std.Build.ResolvedTarget,
    optimize: std.lang.Optimize,
    faults: bool,
) *std.Build.Module {
    return core_of(b, root, target, optimize, .{ .faults = faults });
}

const Options = struct {
    faults: bool = false,
    /// It is linked with a program that has the core's memcpy and memset already.
    archive: bool = false,
    /// Of the core's library, whose root is compiled for size.
    small_root: bool = false,
    /// Of the extra library: see `zig/shared.zig`.
    extra: bool = false,
    /// The core with all of that, in one library.
    whole: bool = false,
};

/// Whether the library brings memcpy and memset of its own: see `zig/moves.zig`.
fn has_moves(target: std.Target, wanted: Options) bool {
    if (wanted.archive) return false;
    if (target.os.tag == .windows and target.cpu.arch == .x86_64) return true;
    return wanted.small_root and target.os.tag != .macos;
}

fn core_of(
    b: *std.Build,
    root: []const u8,
    target: std.Build.ResolvedTarget,
    optimize: std.lang.Optimize,
    wanted: Options,
) *std.Build.Module {
    const options = b.addOptions();
    options.addOption(bool, "faults", wanted.faults);
    options.addOption(bool, "moves", has_moves(target.result, wanted));
    options.addOption(bool, "is_extra", wanted.extra);
    options.addOption(bool, "whole", wanted.whole);
    const module = b.createModule(.{
        .root_source_file = b.path(root),
        .target = target,
        .optimize = optimize,
        .strip = true,
        .unwind_tables = .none,
    });
    module.addOptions("build_options", options);
    return module;
}

/// The core, or the extra library, which is made of the same files.
fn install_core(
    b: *std.Build,
    target: Target,
    optimize: std.lang.Optimize,
    strip: bool,
    name: []const u8,
    wanted: Options,
) *std.Build.Step {
    const resolved = b.resolveTargetQuery(target.query);
    // The root's mode decides how much is inlined, each module's what is checked: see `zig/library.zig`.
    const root_optimize = if (optimize == .safe) .small else optimize;
    var inside = wanted;
    inside.small_root = root_optimize == .small;
    const file = if (wanted.extra) "zig/extra_library.zig" else "zig/exports.zig";
    const exports = core_of(b, file, resolved, optimize, inside);
    exports.strip = strip;
    const module = core(b, "zig/library.zig", resolved, root_optimize, wanted.faults);
    module.strip = strip;
    module.addImport("exports", exports);
    // What is for tests stays out of the folder that is published.
    const folder = if (wanted.faults) "" else "../lib/";
    return shared(b, target, name, folder, module);
}

/// The edge's module: the core's parts that need no operating system. What it needs of WebAssembly
/// every engine of this decade has.
fn install_edge(b: *std.Build) *std.Build.Step {
    const target = b.resolveTargetQuery(.{
        .cpu_arch = .wasm32,
        .os_tag = .freestanding,
        .cpu_features_add = std.Target.wasm.featureSet(&.{ .simd128, .bulk_memory, .sign_ext, .nontrapping_fptoint }),
    });
    const module = core(b, "zig/edge.zig", target, .small, false);
    module.single_threaded = true;
    const program = b.addExecutable(.{ .name = "securememory", .root_module = module });
    program.entry = .disabled;
    program.rdynamic = true;
    program.stack_size = 256 * 1024;
    program.initial_memory = 24 * 65536;
    program.max_memory = 128 * 1024 * 1024;
    const installed = b.addInstallArtifact(program, .{ .dest_dir = .{ .override = .{ .custom = "../lib/wasm" } } });
    return &installed.step;
}

/// The second library: keyed operations. See `zig/crypto_exports.zig`.
fn install_crypto(b: *std.Build, target: Target, optimize: std.lang.Optimize, strip: bool) *std.Build.Step {
    const module = core(b, "zig/crypto_exports.zig", b.resolveTargetQuery(target.query), optimize, false);
    module.strip = strip;
    add_variants(b, module, target.query, strip);
    return shared(b, target, "securememory-crypto", "../lib/", module);
}

/// The same code as it ships, for tests to be linked with; its inner loops are those of the tests.
fn crypto_archive(b: *std.Build, query: std.Target.Query) *std.Build.Step.Compile {
    var wanted = query;
    wanted.cpu_model = .baseline;
    const module = core_of(b, "zig/crypto_exports.zig", b.resolveTargetQuery(wanted), .small, .{ .archive = true });
    add_options(b, module, query);
    const library = b.addLibrary(.{ .linkage = .static, .name = "securememory-crypto-archive", .root_module = module });
    library.bundle_compiler_rt = false;
    return library;
}

/// The inner loops of keyed operations, compiled for every processor of the target and for newer
/// ones: `zig/crypto/variants.zig` chooses.
fn add_variants(b: *std.Build, module: *std.Build.Module, query: std.Target.Query, strip: bool) void {
    add_options(b, module, query);
    module.addObject(variant(b, query, "baseline", null, strip));
    const newer = newer_features(b.resolveTargetQuery(query).result) orelse return;
    module.addObject(variant(b, query, "newer", newer, strip));
    const widest = widest_features(b.resolveTargetQuery(query).result) orelse return;
    module.addObject(variant(b, query, "widest", widest, strip));
}

fn add_options(b: *std.Build, module: *std.Build.Module, query: std.Target.Query) void {
    const options = b.addOptions();
    options.addOption(bool, "two_variants", newer_features(b.resolveTargetQuery(query).result) != null);
    options.addOption(bool, "three_variants", widest_features(b.resolveTargetQuery(query).result) != null);
    module.addOptions("crypto_options", options);
}

/// What `zig/crypto/cpu.zig` looks for; null where every processor of the target has it.
fn newer_features(target: std.Target) ?std.Target.Cpu.Feature.Set {
    return switch (target.cpu.arch) {
        .x86_64 => std.Target.x86.featureSet(&.{ .avx2, .bmi, .bmi2, .sha }),
        .aarch64 => if (target.os.tag == .macos) null else std.Target.aarch64.featureSet(&.{.sha2}),
        else => null,
    };
}

/// What the newest ones have beside, only for ChaCha20. In the libraries for other systems there is
/// no room for it.
fn widest_features(target: std.Target) ?std.Target.Cpu.Feature.Set {
    if (target.cpu.arch != .x86_64 or target.os.tag != .linux) return null;
    return std.Target.x86.featureSet(&.{ .avx2, .bmi, .bmi2, .avx512f, .avx512vl });
}

fn variant(
    b: *std.Build,
    query: std.Target.Query,
    name: []const u8,
    features: ?std.Target.Cpu.Feature.Set,
    strip: bool,
) *std.Build.Step.Compile {
    var wanted = query;
    wanted.cpu_model = .baseline;
    if (features) |set| wanted.cpu_features_add = set;
    const module = b.createModule(.{
        .root_source_file = b.path("zig/crypto/hot.zig"),
        .target = b.resolveTargetQuery(wanted),
        .optimize = .fast,
        .strip = strip,
        .pic = true,
        .single_threaded = true,
        .unwind_tables = .none,
        .stack_protector = false,
        .stack_check = false,
    });
    const options = b.addOptions();
    options.addOption([]const u8, "prefix", b.fmt("securememory_hot_{s}_", .{name}));
    options.addOption(bool, "baseline", features == null);
    options.addOption(bool, "only_chacha20", std.mem.eql(u8, name, "widest"));
    module.addOptions("variant", options);
    const object = b.addObject(.{ .name = b.fmt("hot-{s}", .{name}), .root_module = module });
    object.bundle_compiler_rt = false;
    return object;
}

fn install_floor(b: *std.Build, target: Target) *std.Build.Step {
    const module = b.createModule(.{
        .root_source_file = b.path("bench/floor.zig"),
        .target = b.resolveTargetQuery(target.query),
        .optimize = .fast,
        .strip = true,
    });
    return shared(b, target, "securememory-floor", "", module);
}

/// The second process of the proof suite, and what its first process needs.
fn install_proof(b: *std.Build, target: Target, step: *std.Build.Step) void {
    const observer = b.addExecutable(.{
        .name = "observer",
        .root_module = proof_module(b, target, "tests/native/observer.zig"),
    });
    const holder = b.addLibrary(.{
        .linkage = .dynamic,
        .name = "holder",
        .root_module = proof_module(b, target, "tests/native/holder.zig"),
    });
    for ([_]*std.Build.Step.Compile{ observer, holder }) |program| {
        const installed = b.addInstallArtifact(program, .{
            .dest_dir = .{ .override = .{ .custom = target.folder } },
        });
        step.dependOn(&installed.step);
    }
}

fn proof_module(b: *std.Build, target: Target, path: []const u8) *std.Build.Module {
    return b.createModule(.{
        .root_source_file = b.path(path),
        .target = b.resolveTargetQuery(target.query),
        .optimize = .safe,
        .strip = true,
    });
}

fn shared(
    b: *std.Build,
    target: Target,
    name: []const u8,
    folder: []const u8,
    module: *std.Build.Module,
) *std.Build.Step {
    const library = b.addLibrary(.{
        .linkage = .dynamic,
        .name = name,
        .root_module = module,
        // Zig's own backend, that of debug builds, does not take the assembly of `crypto/residue.zig`.
        .use_llvm = if (std.mem.eql(u8, name, "securememory-crypto")) true else null,
    });
    const place: std.Build.InstallDir = .{ .custom = b.fmt("{s}{s}", .{ folder, target.folder }) };
    if (target.query.os_tag == .linux) {
        // Without a map, compiler-rt's weak symbols are exported and can interpose others'.
        library.setVersionScript(b.path("zig/exports.map"));
        library.link_gc_sections = true;
        const pinned = change(b, "zig/pin_elf.zig", library);
        return &b.addInstallFileWithDir(pinned, place, b.fmt("lib{s}.so", .{name})).step;
    }
    if (target.query.os_tag == .macos) {
        // Nobody changes its load commands afterwards.
        library.headerpad_size = 0;
        // For Intel, the core fits as it is.
        if (target.query.cpu_arch == .aarch64 or !std.mem.eql(u8, name, "securememory")) {
            const packed_library = change(b, "zig/pack_macho.zig", library);
            return &b.addInstallFileWithDir(packed_library, place, b.fmt("lib{s}.dylib", .{name})).step;
        }
    }
    const installed = b.addInstallArtifact(library, .{
        .dest_dir = .{ .override = place },
        .implib_dir = .disabled,
        .pdb_dir = .disabled,
    });
    return &installed.step;
}

/// The library as a program of ours has changed it: never unloaded on Linux (see
/// `zig/pin_elf.zig`), without empty pages on macOS (see `zig/pack_macho.zig`).
fn change(b: *std.Build, path: []const u8, library: *std.Build.Step.Compile) std.Build.LazyPath {
    const program = b.addExecutable(.{
        .name = std.fs.path.stem(path),
        .root_module = b.createModule(.{
            .root_source_file = b.path(path),
            .target = b.graph.host,
            .optimize = .debug,
        }),
    });
    const run = b.addRunArtifact(program);
    run.addArtifactArg(library);
    return run.addOutputFileArg("changed");
}
