using SdCpp.Interop;

namespace SdCpp.Benchmarks;

/// <summary>Hears progress on the generating thread; <c>Progress&lt;T&gt;</c> would post to the thread pool.</summary>
internal sealed class Listener(Action<GenerationProgress> hear) : IProgress<GenerationProgress>
{
    public void Report(GenerationProgress value) => hear(value);
}
