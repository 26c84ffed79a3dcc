using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.Rest;

/// <summary><c>GET /api/devices</c>: what jobs run on.</summary>
internal static class DevicesApi
{
    public static void MapDevicesApi(this IEndpointRouteBuilder api) =>
        api.MapGet("/devices", (IJobDevices devices, RunningJobs running) => TypedResults.Ok(
            new DevicesResponse([.. devices.States.Select(device => Of(device, running))]))).Describe("listDevices", "Status", "The devices that run jobs: CPU, graphics cards, servers of remote models, and one for jobs without a model");

    private static DeviceResponse Of(DeviceState device, RunningJobs running) => new(
        device.Id, device.Kind, device.Description, device.Concurrency, device.Running,
        [.. running.All.Where(job => job.Job.Device == device.Id || job.Shared.IsHelpedBy(device.Id)).Select(job => job.Job.Id)], device.Models, device.Memory);
}

/// <summary>The answer of <c>GET /api/devices</c>.</summary>
internal sealed record DevicesResponse(IReadOnlyList<DeviceResponse> Devices);

/// <param name="Id">As jobs name it.</param>
/// <param name="Kind">cpu, graphics, remote or light.</param>
/// <param name="Description">For people.</param>
/// <param name="Concurrency">How many jobs it runs at the same time.</param>
/// <param name="Running">How many it runs now.</param>
/// <param name="Jobs">Their ids.</param>
/// <param name="Models">The models in its memory.</param>
/// <param name="Memory">Memory used by models, and the limit; null for a device without models of its own.</param>
internal sealed record DeviceResponse(
    string Id, string Kind, string Description, int Concurrency, int Running, IReadOnlyList<string> Jobs, IReadOnlyList<string> Models, DeviceMemory? Memory);
