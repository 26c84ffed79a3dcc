using SdStudio.Server.Models.Catalogue;

namespace SdStudio.Server.Tests;

/// <summary>What people write into models.yml by mistake costs them one value or one entry, and they are told the line.</summary>
public sealed class CatalogueFaultTests
{
    private const string Args = "args: [-m, models/a.gguf]";

    [Theory]
    [InlineData("no")]
    [InlineData("No")]
    [InlineData("off")]
    [InlineData("FALSE")]
    [InlineData("0")]
    [InlineData("false")]
    public void A_model_is_switched_off_by_every_spelling(string no) =>
        Assert.Empty(Read($"models: {{a: {{name: A, enabled: {no}, {Args}}}}}").Models);

    [Theory]
    [InlineData("yes")]
    [InlineData("On")]
    [InlineData("TRUE")]
    [InlineData("1")]
    public void A_switch_is_turned_on_by_every_spelling(string yes) =>
        Assert.True(Model($"supports_negative_prompt: {yes}").SupportsNegativePrompt);

    [Fact]
    public void A_switch_that_is_neither_is_told_with_its_line()
    {
        CatalogueSnapshot catalogue = Read("models:\n  a:\n    name: A\n    " + Args + "\n    enabled: perhaps\n");
        Assert.Contains("models.yml, line 5: model a: enabled is 'perhaps'; allowed is true or false; it is ignored", catalogue.Warnings);
        Assert.Single(catalogue.Models);
    }

    [Theory]
    [InlineData("cfg_scale: \"7,5\"", "write 7.5, with a point")]
    [InlineData("cfg_scale: \"1,234\"", "allowed is a number from 0 to 100")]
    [InlineData("cfg_scale: .inf", "allowed is a number")]
    [InlineData("cfg_scale: -1", "allowed is a number")]
    [InlineData("sample_steps: 0", "allowed is a whole number from 1 to 1000")]
    [InlineData("sample_steps: abc", "allowed is a whole number")]
    [InlineData("sample_steps: 1e400", "allowed is a whole number")]
    [InlineData("clip_skip: 99", "allowed is a whole number from -1 to 12")]
    [InlineData("flow_shift: 0", "allowed is a number from 0.001")]
    [InlineData("cfg_scale: [7]", "must be a text")]
    public void A_number_that_is_none_is_ignored_and_told(string parameter, string words)
    {
        CatalogueSnapshot catalogue = Read($"models:\n  a:\n    name: A\n    {Args}\n    generation_params:\n      {parameter}\n");
        string warning = Assert.Single(catalogue.Warnings);
        Assert.StartsWith("models.yml, line 6: model a: ", warning, StringComparison.Ordinal);
        Assert.Contains(words, warning, StringComparison.Ordinal);
        Assert.Equal((20, 7.0), (catalogue.Models["a"].DefaultSteps, catalogue.Models["a"].DefaultCfgScale));
    }

    [Theory]
    [InlineData("Euler a", "euler_a")]
    [InlineData("dpmpp_2m", "dpm++2m")]
    [InlineData("DPM++ 2M SDE", "dpm++2m_sde")]
    [InlineData("k_euler_ancestral", "euler_a")]
    [InlineData("euler", "euler")]
    public void A_sampler_is_known_by_the_names_that_clients_have_for_it(string written, string sampler) =>
        Assert.Equal(sampler, Model($"generation_params: {{sampling_method: \"{written}\"}}").DefaultSampler);

    [Theory]
    [InlineData("sampling_method: dowsing", "sampling_method is 'dowsing', which is not a sampler of the engine")]
    [InlineData("scheduler: sundial", "scheduler is 'sundial', which is not a scheduler of the engine")]
    public void A_sampler_that_is_none_is_told_when_the_file_is_read(string parameter, string words) =>
        Assert.Contains(words, Assert.Single(Read($"models:\n  a:\n    name: A\n    {Args}\n    generation_params: {{{parameter}}}\n").Warnings), StringComparison.Ordinal);

    [Theory]
    [InlineData("99999x99999")]
    [InlineData("0x64")]
    [InlineData("big")]
    public void A_size_that_is_none_is_told(string size) =>
        Assert.Contains($"default_size is '{size}'", Assert.Single(Read($"models: {{a: {{name: A, default_size: \"{size}\", {Args}}}}}").Warnings), StringComparison.Ordinal);

    [Fact]
    public void Merge_keys_are_followed_the_entrys_own_values_win_and_a_circle_ends()
    {
        CatalogueSnapshot catalogue = Read(
            """
            common: &common { description: "of all", autostop: 5m, args: [-m, models/a.gguf] }
            other: &other { description: "of the other", quant: Q8 }
            models:
              one: { <<: *common, name: One }
              two: { <<: [*other, *common], name: Two, autostop: 1h }
              <<: { three: { <<: *common, name: Three } }
              round: &round { <<: *round, name: Round, args: [-m, models/b.gguf] }
            """);
        Assert.Equal(("of all", TimeSpan.FromMinutes(5)), (catalogue.Models["one"].Description, catalogue.Models["one"].Autostop));
        Assert.Equal(("of the other", "Q8", TimeSpan.FromHours(1)), (catalogue.Models["two"].Description, catalogue.Models["two"].Quant, catalogue.Models["two"].Autostop));
        Assert.All(["one", "two", "three"], id => Assert.EndsWith("a.gguf", catalogue.Models[id].Options.ModelPath, StringComparison.Ordinal));
        Assert.Equal("Round", catalogue.Models["round"].Name);
    }

    [Theory]
    [InlineData("args: \"-m models/a.gguf --steps 9\"")]
    [InlineData("args: |\n      -m models/a.gguf\n      --steps 9")]
    [InlineData("args: \"-m 'models/a.gguf' --steps \\\"9\\\"\"")]
    public void Arguments_may_be_one_text(string arguments)
    {
        ModelDefinition model = Read($"models:\n  a:\n    name: A\n    {arguments}\n").Models["a"];
        Assert.Equal("models/a.gguf", Assert.Single(model.Files).Written);
        Assert.Equal(9, model.DefaultSteps);
    }

    [Theory]
    [InlineData("autostop: 99999999999999d")]
    [InlineData("autostop: soon")]
    [InlineData("port: 99999999999")]
    [InlineData("huggingface: [1, 2]")]
    [InlineData("huggingface: {repo: a/b, files: [{path: \"a\\0b\"}]}")]
    [InlineData("memory_overrides: 3")]
    [InlineData("name: {a: b}")]
    [InlineData("model_file: \"a\\0b.gguf\"")]
    [InlineData("args: [-m, \"models/\\0x.gguf\"]")]
    [InlineData("args: {a: b}")]
    [InlineData("generation_params: yes please")]
    [InlineData("exec_mode: api\n    api: \"http://[\"")]
    public void A_bad_value_never_takes_the_other_models_along(string line)
    {
        CatalogueSnapshot catalogue = Read($"models:\n  before: {{name: B, {Args}}}\n  bad:\n    name: Bad\n    {line}\n  after: {{name: C, {Args}}}\n".Replace(
            "    name: Bad\n    name", "    name", StringComparison.Ordinal));
        Assert.Superset(new HashSet<string>(["before", "after"]), catalogue.Models.Keys.ToHashSet());
    }

    [Fact]
    public void Files_of_editors_and_of_other_systems_are_passed_over_and_a_broken_one_costs_only_itself()
    {
        string folder = Directory.CreateTempSubdirectory("sdstudio-catalogue-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "models.yml"), $"models: {{a: {{name: A, {Args}}}}}");
            File.CreateSymbolicLink(Path.Combine(folder, ".#models.yml"), "me@host.1:2");
            File.WriteAllBytes(Path.Combine(folder, "._models.yml"), [0, 5, 22, 7]);
            Assert.Empty(CatalogueReader.Read(folder, folder).Problems);

            var files = new CatalogueFiles();
            File.WriteAllText(Path.Combine(folder, "more.yml"), $"models: {{b: {{name: B, {Args}}}}}");
            Assert.Equal(["a", "b"], CatalogueReader.Read(folder, folder, files).Models.Keys.Order());
            File.WriteAllText(Path.Combine(folder, "more.yml"), "models: {b: {name: \"never closed");
            File.CreateSymbolicLink(Path.Combine(folder, "gone.yml"), "nowhere");
            File.CreateSymbolicLink(Path.Combine(folder, "loop.yml"), "loop.yml");
            File.WriteAllText(Path.Combine(folder, "deep.yml"), new string('[', 100_000));
            File.WriteAllBytes(Path.Combine(folder, "binary.yml"), [0, 1, 2, 255, 254]);
            CatalogueSnapshot broken = CatalogueReader.Read(folder, folder, files);
            Assert.Equal(["a", "b"], broken.Models.Keys.Order());
            Assert.Equal(5, broken.Problems.Count);
            Assert.Contains(broken.Problems, problem => problem.StartsWith("more.yml cannot be read: line ", StringComparison.Ordinal) && problem.EndsWith("Its models stay as they were before", StringComparison.Ordinal));
            // From the start there is nothing it was before.
            Assert.Equal(["a"], CatalogueReader.Read(folder, folder).Models.Keys);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static ModelDefinition Model(string line)
    {
        CatalogueSnapshot catalogue = Read($"models:\n  a:\n    name: A\n    {Args}\n    {line}\n");
        Assert.Empty(catalogue.Warnings);
        return catalogue.Models["a"];
    }

    private static CatalogueSnapshot Read(string models)
    {
        string folder = Directory.CreateTempSubdirectory("sdstudio-catalogue-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "models.yml"), models);
            return CatalogueReader.Read(folder, folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
