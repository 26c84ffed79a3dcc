using System.Runtime.Versioning;
using SdStudio.EngineUpgrade;

namespace SdStudio.NativeBuild.Tests;

/// <summary>The layout that ./build.sh engine derives, tried on the engine that is pinned.</summary>
[SupportedOSPlatform("linux")]
public sealed class EngineUpgradeTests(ProbedEngine engine) : IClassFixture<ProbedEngine>
{
    private static readonly string Prebuilt = Path.Combine(Tools.Repository, "native", "engine", "prebuilt");

    private static Layout Pinned => Layout.Read(Path.Combine(Prebuilt, "engine.layout.json"));

    [Fact]
    public void What_is_derived_from_the_pinned_engine_is_what_is_committed()
    {
        Derivation derivation = Derive(Pinned);
        Assert.Empty(derivation.Undecided);
        Assert.Empty(derivation.Changes);
        Assert.Equal(Text("engine.layout.json"), derivation.Layout.ToJson());
        Assert.Equal(Text("engine_abi.hpp"), HeaderWriter.Write(derivation.Layout));
        Assert.Equal(Text("engine_layout.hpp"), HeaderWriter.WriteAssertions(derivation.Layout));
    }

    [Fact]
    public void A_field_that_the_last_engine_had_not_is_found_with_its_name_type_and_place()
    {
        Derivation derivation = Derive(Without("sd_ctx_params_t", "split_mode"));
        Assert.Empty(derivation.Undecided);
        Assert.Contains(derivation.Changes, line => line.Contains("split_mode (const char*) is new, at 248", StringComparison.Ordinal));
        Assert.Equal(Pinned["sd_ctx_params_t"].Fields, derivation.Layout["sd_ctx_params_t"].Fields);
    }

    [Fact]
    public void A_field_that_is_printed_no_more_is_taken_as_removed()
    {
        Derivation derivation = Derive(With("sd_ctx_params_t", 3, new Field("gone_path", "const char*", 0, "gone_path")));
        Assert.Empty(derivation.Undecided);
        Assert.Contains(derivation.Changes, line => line.Contains("gone_path (const char*) is printed no more", StringComparison.Ordinal));
        Assert.Equal(Pinned["sd_ctx_params_t"].Fields, derivation.Layout["sd_ctx_params_t"].Fields);
    }

    [Fact]
    public void A_field_that_nobody_prints_and_nobody_knows_is_left_to_a_person_with_the_place_to_look_at()
    {
        Derivation derivation = Derive(Without("sd_ctx_params_t", "rpc_servers"));
        Assert.Contains(derivation.Undecided, line => line.Contains("296 bytes in the engine and 288 by the fields that are known", StringComparison.Ordinal));
        Assert.Contains(derivation.Undecided, line => line.Contains("Between auto_fit and model_args 8 bytes are new", StringComparison.Ordinal));
    }

    [Fact]
    public void Two_fields_that_nobody_prints_are_not_exchanged_unseen_when_their_defaults_differ()
    {
        Layout last = Pinned;
        List<Field> fields = [.. last["sd_cache_params_t"].Fields];
        int one = fields.FindIndex(f => f.Name == "max_warmup_steps");
        (fields[one], fields[one + 1]) = (fields[one + 1], fields[one]);
        Derivation derivation = Derive(WithFields(last, "sd_cache_params_t", fields));
        Assert.Contains(derivation.Undecided, line => line.Contains("cache.max_warmup_steps: its default was", StringComparison.Ordinal));
        Assert.Contains(derivation.Undecided, line => line.Contains("cache.max_cached_steps: its default was", StringComparison.Ordinal));
    }

    [Fact]
    public void A_printed_field_at_a_wrong_place_is_seen()
    {
        Layout last = Pinned;
        List<Field> fields = [.. last["sd_ctx_params_t"].Fields];
        int one = fields.FindIndex(f => f.Name == "clip_l_path");
        (fields[one], fields[one + 1]) = (fields[one + 1], fields[one]);
        Assert.Contains(Derive(WithFields(last, "sd_ctx_params_t", fields)).Undecided, line => line.Contains("clip_g_path: the engine has it at 16, the known fields put it at 8", StringComparison.Ordinal));
    }

    [Fact]
    public void New_names_of_an_enum_and_new_functions_are_told_and_a_missing_function_is_left_to_a_person()
    {
        Layout last = Pinned;
        last = last with
        {
            Enums = [.. last.Enums.Select(e => e.Name == "sample_method_t" ? e with { Names = [.. e.Names.SkipLast(1)] } : e)],
            Functions = [.. last.Functions.Where(f => f != "generate_video")],
        };
        Derivation derivation = Derivation.Of(last, engine.Answer, last.Engine, ["generate_image", "generate_everything"]);
        Assert.Equal(["sample_method_t: name lms is new.", "function generate_video is new."], derivation.Changes);
        Assert.Equal(["The engine has no function generate_everything, which the bridge cannot do without."], derivation.Undecided);
        Assert.Contains("SAMPLE_METHOD_COUNT = 21", HeaderWriter.Write(derivation.Layout), StringComparison.Ordinal);
    }

    [Fact]
    public void The_functions_that_the_bridge_needs_are_read_from_its_own_list()
    {
        IReadOnlyList<string> needed = RequiredFunctions.Read(Path.Combine(Tools.Repository, "native", "engine", "engine.hpp"));
        Assert.Contains("sd_ctx_params_init", needed);
        Assert.Contains("str_to_lora_apply_mode", needed);
        Assert.Empty(needed.Except(engine.Answer.Functions));
    }

    [Fact]
    public void The_report_says_what_is_other_what_to_decide_and_how_each_field_is_known()
    {
        Layout last = Without("sd_ctx_params_t", "rpc_servers");
        string report = Report.Write(last, Derive(last));
        Assert.Contains("## What you must decide before it can be used", report, StringComparison.Ordinal);
        Assert.Contains("Between auto_fit and model_args 8 bytes are new", report, StringComparison.Ordinal);
        Assert.Contains("by a value that was written to its place and came back", report, StringComparison.Ordinal);
    }

    [Fact]
    public void A_build_that_makes_other_images_than_it_made_before_fails_the_contract_and_a_new_build_is_for_a_person_to_look_at()
    {
        using var folder = new TemporaryFolder();
        string path = folder["images.json"];
        var contract = new Contract("engine 1", new Dictionary<string, string> { ["a"] = "11", ["b"] = "22" }, [], 5);
        (string text, bool kept) = ContractReport.Write(contract, "linux-x64", new KnownImages(path), "here");
        Assert.True(kept, text);

        (text, kept) = ContractReport.Write(contract with { Images = new Dictionary<string, string> { ["a"] = "11", ["b"] = "23" } }, "linux-x64", new KnownImages(path), "here");
        Assert.False(kept);
        Assert.Contains("this very build made other images before: b", text, StringComparison.Ordinal);

        (text, kept) = ContractReport.Write(contract with { Engine = "engine 2", Images = new Dictionary<string, string> { ["a"] = "12", ["b"] = "22" } }, "linux-x64", new KnownImages(path), "here");
        Assert.True(kept);
        Assert.Contains("You must decide: images other than those of engine 1 linux-x64, look at them in here: a", text, StringComparison.Ordinal);
        Assert.Empty(new KnownImages(path).Different("engine 2 linux-x64", new Dictionary<string, string> { ["a"] = "12", ["b"] = "22" }, out bool known, out _));
        Assert.True(known);
    }

    [Fact]
    public void An_engine_that_ends_the_process_in_the_middle_of_the_suite_is_a_failure()
    {
        using var folder = new TemporaryFolder();
        string program = folder.Write("#!/bin/sh\necho 'ok      the engine loads'\nexit 134\n", "suite");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Contract contract = Contract.Run(program, folder.Path, folder["work"]);
        Assert.Contains("ended with code 134 after 1 checks", Assert.Single(contract.Failed), StringComparison.Ordinal);
    }

    private Derivation Derive(Layout last) => Derivation.Of(last, engine.Answer, last.Engine, []);

    private static string Text(string file) => File.ReadAllText(Path.Combine(Prebuilt, file));

    private static Layout Without(string name, string field) => WithFields(Pinned, name, [.. Pinned[name].Fields.Where(f => f.Name != field)]);

    private static Layout With(string name, int at, Field field) => WithFields(Pinned, name, [.. Pinned[name].Fields.Take(at), field, .. Pinned[name].Fields.Skip(at)]);

    private static Layout WithFields(Layout layout, string name, IReadOnlyList<Field> fields) =>
        layout with { Structs = [.. layout.Structs.Select(s => s.Name == name ? s with { Fields = fields } : s)] };
}
