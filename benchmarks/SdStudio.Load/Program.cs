using System.Globalization;
using SdStudio.Load;

// SdStudio.Load gallery [rows]   lists, searches and statistics over HTTP with that many generations in the database
// SdStudio.Load turns            two loaded models by turns against one
// SdStudio.Load process          a process per image against the server, for the demo model and one of SD 1.5's size
// SdStudio.Load evict [cycles]   five models under a budget that holds two
// SdStudio.Load list             the list of a thousand models
// SdStudio.Load crowd [seconds]  a job alone against a job beside 200 clients that poll and 50 WebSockets
// SdStudio.Load devices [rounds] the CPU as one device of two threads against two of one thread
// SdStudio.Load telemetry [rounds] [http://127.0.0.1:4318]  the same jobs without figures, with figures, and with traces sent to that collector
// SdStudio.Load enqueue [rounds] [DLL] [DLL]  a thousand jobs from 8 clients, by turns against the SdStudio.Server.dll of another build
// SdStudio.Load builds ROUNDS DLL [DLL …]  a start, images and answers with each of several builds of the server, by turns
// SdStudio.Load many FOLDER [part] servers with one PostgreSQL and that engine: rates, waits, cancels, four machines against one
// SdStudio.Load limits           what one PostgreSQL carries of what many machines ask of it: events, bells, leases, files
// SdStudio.Load history [rows]   lists and searches with that many generations in PostgreSQL
// SdStudio.Load video [frames] [side]  what a frame costs at the server against the same call in one process
// SdStudio.Load waiting FOLDER   one device against two with the stand-in engine of the tests, which waits in place of computing
switch (args)
{
    case ["gallery", .. var rest]:
        await GalleryLoad.RunAsync(Number(rest, 100_000));
        return 0;
    case ["crowd", .. var rest]:
        await CrowdLoad.RunAsync(Number(rest, 5));
        return 0;
    case ["turns"]:
        await ModelsLoad.TurnsAsync();
        return 0;
    case ["process"]:
        await ModelsLoad.ProcessAsync();
        return 0;
    case ["generate-once", var data, var model, var side, var steps]:
        await ModelsLoad.GenerateOnceAsync(data, model, int.Parse(side, CultureInfo.InvariantCulture), int.Parse(steps, CultureInfo.InvariantCulture));
        return 0;
    case ["evict", .. var rest]:
        await ModelsLoad.EvictAsync(Number(rest, 200));
        return 0;
    case ["devices", .. var rest]:
        await DevicesLoad.CompareAsync(Number(rest, 2));
        return 0;
    case ["enqueue", .. var rest]:
        await EnqueueLoad.RunAsync(rest.ElementAtOrDefault(1), rest.ElementAtOrDefault(2), Number([.. rest.Take(1)], 3));
        return 0;
    case ["builds", var rounds, .. var servers] when servers.Length > 0:
        await BuildsLoad.RunAsync(int.Parse(rounds, CultureInfo.InvariantCulture), servers);
        return 0;
    case ["telemetry", .. var rest]:
        await EnqueueLoad.TelemetryAsync(rest.ElementAtOrDefault(1), Number([.. rest.Take(1)], 3));
        return 0;
    case ["many", var native, .. var rest]:
        await ManyLoad.RunAsync(native, rest.ElementAtOrDefault(0));
        return 0;
    case ["limits"]:
        await LimitsLoad.RunAsync();
        return 0;
    case ["history", .. var rest]:
        await ManyLoad.HistoryAsync(Number(rest, 100_000));
        return 0;
    case ["waiting", var native]:
        await DevicesLoad.WaitingAsync(native);
        return 0;
    case ["video", .. var rest]:
        await VideoLoad.RunAsync(Number([.. rest.Take(1)], 17), Number([.. rest.Skip(1)], 32));
        return 0;
    case ["list"]:
        await ModelsLoad.ListAsync();
        return 0;
    default:
        await Console.Error.WriteLineAsync("Usage: SdStudio.Load gallery [rows] | crowd [rounds] | turns | process | evict [cycles] | list | devices [rounds] | enqueue [rounds] [DLL] [DLL] | builds ROUNDS DLL [DLL …] | telemetry [rounds] [COLLECTOR] | waiting FOLDER | many FOLDER [rates|waits|cancels|machines] | limits | history [rows] | video [frames] [side]");
        return 1;
}

static int Number(string[] rest, int absent) => rest is [{ } text] ? int.Parse(text, CultureInfo.InvariantCulture) : absent;
