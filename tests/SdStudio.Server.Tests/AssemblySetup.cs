using SdStudio.Server.Tests;
using Xunit.Sdk;
using Xunit.v3;

// One engine, two cores: side by side, tests would only slow each other down.
[assembly: Parallelization(Mode = ParallelMode.None)]
[assembly: AssemblyFixture(typeof(Workshop))]
