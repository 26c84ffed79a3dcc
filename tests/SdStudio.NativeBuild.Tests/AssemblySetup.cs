using SdStudio.NativeBuild.Tests;

// Under the sanitizers it takes half a minute to build: once for all.
[assembly: AssemblyFixture(typeof(StandInBuild))]
