using System.Text.Json;
using System.Runtime.Versioning;
using SdStudio.EngineUpgrade;

namespace SdStudio.NativeBuild.Tests;

/// <summary>The contract suite on a linked build of a real engine: the prebuilt one behind a library that exports its functions.</summary>
[SupportedOSPlatform("linux")]
public sealed class ContractTests
{
    [Fact]
    public async Task A_linked_build_keeps_the_contract_and_makes_the_images_of_its_engine_pixel_by_pixel()
    {
        using var folder = new TemporaryFolder();
        string relay = folder["relay"];
        string source = Path.Combine(Tools.Repository, "tests", "native", "relay-engine");
        (await Tools.RunAsync("cmake", ["-S", source, "-B", relay, .. Tools.Generator, $"-DRELAY_ENGINE={ProbedEngine.File}"])).Succeeded();
        (await Tools.RunAsync("cmake", ["--build", relay])).Succeeded();
        (await Tools.Configure(Tools.Repository, folder["build"], "library", $"-DSDCPP_LIBRARY_DIR={relay}", "-DCMAKE_BUILD_TYPE=Debug", "-DSDCPP_BUILD_TESTS=ON")).Succeeded();
        (await Tools.RunAsync("cmake", ["--build", folder["build"], "--target", "contract_test", "--parallel"])).Succeeded();
        string demoModel = folder["demo-model"];
        SdCpp.Interop.DemoModel.Write(demoModel, TestContext.Current.CancellationToken);

        Contract contract = Contract.Run(folder["build", "tests", "native", "contract_test"], demoModel, folder["images"]);
        Assert.Empty(contract.Failed);
        Assert.True(contract.Checks > 100, $"there were {contract.Checks} checks");
        using JsonDocument known = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(Tools.Repository, "native", "engine", "engine.images.json"), TestContext.Current.CancellationToken));
        JsonElement images = known.RootElement.GetProperty($"@qvac/diffusion-cpp {PrebuiltProviderTests.Version()} {PrebuiltProviderTests.Platform}");
        Assert.Equal(images.EnumerateObject().Select(image => (image.Name, image.Value.GetString())), contract.Images.Select(image => (image.Key, (string?)image.Value)));
    }
}
