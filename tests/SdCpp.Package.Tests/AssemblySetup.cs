using SdCpp.Package.Tests;
using Xunit.Sdk;
using Xunit.v3;

// Compilers run here: two side by side would only wait for each other.
[assembly: Parallelization(Mode = ParallelMode.None)]
[assembly: AssemblyFixture(typeof(Feed))]
