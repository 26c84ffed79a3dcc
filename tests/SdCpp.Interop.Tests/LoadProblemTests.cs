using SdCpp.Interop.Native;

namespace SdCpp.Interop.Tests;

public sealed class LoadProblemTests
{
    // What the loaders of these systems say, word by word.
    [Theory]
    [InlineData("Error loading shared library libstdc++.so.6: No such file or directory (needed by /app/libsdcpp.so)", "linux-musl-x64", "musl as its C library (Alpine Linux)")]
    [InlineData("", "linux-musl-x64", "build the native library here with the preset cpu")]
    [InlineData("/lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found (required by /app/libsdcpp.so)", "linux-x64", "older than GLIBC 2.34")]
    [InlineData("/usr/lib/libstdc++.so.6: version `GLIBCXX_3.4.29' not found (required by /app/libsdcpp.so)", "linux-x64", "older than GLIBCXX 3.4.29")]
    [InlineData("libstdc++.so.6: cannot open shared object file: No such file or directory", "linux-x64", "libstdc++6")]
    [InlineData("/app/libsdcpp.so: wrong ELF class: ELFCLASS32", "linux-x64", "another kind of processor")]
    public void What_the_loader_says_is_explained_with_a_remedy(string message, string runtime, string explained) =>
        Assert.Contains(explained, LoadProblem.Explain(message, runtime), StringComparison.Ordinal);

    [Fact]
    public void What_nobody_knows_is_left_as_the_loader_says_it() =>
        Assert.Equal("", LoadProblem.Explain("file too short", "linux-x64"));
}
