using System.Reflection;
using System.Runtime.Loader;

namespace SdCpp.Interop.Tests;

/// <summary>A second copy of the library in the process, as a program with plug-ins has it.</summary>
public sealed class CopiesTests(Demo demo)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Another_copy_generates_with_the_same_engine_or_with_one_of_its_own(bool hasItsOwnEngine)
    {
        string folder = Path.GetDirectoryName(demo.Engine.Info.NativeLibraryPath)!;
        if (hasItsOwnEngine)
        {
            string copy = Directory.CreateDirectory(demo.NewPath("")).FullName;
            foreach (string file in Directory.GetFiles(folder, "*sdcpp*").Concat(Directory.GetFiles(folder, "*diffusion-cpp.bare")))
                File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
            folder = copy;
        }

        var context = new AssemblyLoadContext("a plug-in");
        Assembly second = context.LoadFromAssemblyPath(typeof(SdEngine).Assembly.Location);
        Type engineType = second.GetType(typeof(SdEngine).FullName!, throwOnError: true)!, optionsType = second.GetType(typeof(SdEngineOptions).FullName!, throwOnError: true)!;
        object options = Activator.CreateInstance(optionsType)!;
        optionsType.GetProperty(nameof(SdEngineOptions.NativeDirectory))!.SetValue(options, folder);
        object engine = engineType.GetMethod(nameof(SdEngine.Load))!.Invoke(null, [options])!;
        Assert.NotSame(demo.Engine.GetType(), engine.GetType());

        // Both at the same time.
        var tested = (Task)engineType.GetMethod(nameof(SdEngine.SelfTestAsync))!.Invoke(engine, [null, Path.GetDirectoryName(demo.Files.DiffusionModel), TestContext.Current.CancellationToken])!;
        byte[] generated = await demo.GenerateAsync(Demo.Request);
        await tested;
        object result = tested.GetType().GetProperty("Result")!.GetValue(tested)!;
        Assert.True((bool)result.GetType().GetProperty(nameof(SelfTestResult.Passed))!.GetValue(result)!, result.ToString());
        Assert.Equal(await demo.GenerateAsync(Demo.Request), generated);
        SelfTestResult own = await demo.Engine.SelfTestAsync(null, Path.GetDirectoryName(demo.Files.DiffusionModel), TestContext.Current.CancellationToken);
        Assert.True(own.Passed, own.Problem);
    }
}
