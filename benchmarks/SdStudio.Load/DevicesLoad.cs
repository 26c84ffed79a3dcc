using System.Text;
using System.Text.Json;
using SdCpp.Interop;

namespace SdStudio.Load;

/// <summary>What a second device is worth.</summary>
internal static class DevicesLoad
{
    private static readonly (string, string)[] OneDevice = [("SdStudio__Devices__0__Name", "CPU")];
    private static readonly (string, string)[] TwoDevices = [("SdStudio__Devices__0__Name", "CPU"), ("SdStudio__Devices__0__Workers", "2")];

    /// <summary>Images a minute: the CPU as one device of two threads against two devices of one thread, by turns.</summary>
    public static async Task CompareAsync(int rounds)
    {
        foreach ((int side, int jobs) in new[] { (64, 24), (256, 8), (512, 4) })
        {
            string request = $$"""{"model":"demo","prompt":"a red circle on a blue background","size":"{{side}}x{{side}}","steps":4,"seed":1}""";
            List<double> one = [], two = [];
            for (int round = 0; round < rounds; round++)
            {
                one.Add(await MeasureAsync(request, jobs, [.. OneDevice, ("SdStudio__Devices__0__Threads", "2")]));
                two.Add(await MeasureAsync(request, jobs, [.. TwoDevices, ("SdStudio__Devices__0__Threads", "1")]));
            }

            Say($"{side} x {side}", one, two);
        }
    }

    /// <summary>The same where devices share nothing: the stand-in engine of the tests waits in place of computing.</summary>
    /// <param name="native">The folder with the bridge and the stand-in.</param>
    public static async Task WaitingAsync(string native)
    {
        (string, string)[] engine = [("SdStudio__NativeDirectory", native)];
        List<double> one = [], two = [];
        foreach (string more in new[] { "", ",\"n\":10" })
        {
            string request = $$"""{"model":"demo","prompt":"wait 20","size":"64x64","steps":10,"seed":1{{more}}}""";
            int jobs = more.Length == 0 ? 40 : 4;
            for (int round = 0; round < 3; round++)
            {
                one.Add(await MeasureAsync(request, jobs, [.. OneDevice, .. engine]));
                two.Add(await MeasureAsync(request, jobs, [.. TwoDevices, .. engine]));
            }

            Say(more.Length == 0 ? "40 jobs that wait 200 ms" : "4 batches of 10 such images", one, two);
        }
    }

    private static void Say(string what, List<double> one, List<double> two)
    {
        one.Sort();
        two.Sort();
        (double first, double second) = (Figures.At(one, .5), Figures.At(two, .5));
        Console.WriteLine(FormattableString.Invariant($"{what}: one device {first:F1} images a minute, two devices {second:F1}, ratio {second / first:F2} ({one.Count} rounds)"));
        one.Clear();
        two.Clear();
    }

    /// <summary>Images a minute from the first start to the last end, and the longest time that a device was idle while jobs waited.</summary>
    private static async Task<double> MeasureAsync(string request, int jobs, (string Name, string Value)[] environment)
    {
        string data = Directory.CreateTempSubdirectory("sdstudio-load-").FullName;
        DemoModel.Write(Path.Combine(data, "models"));
        try
        {
            using Studio studio = await Studio.StartAsync(data, environment);
            // Every device has loaded the model before it counts.
            await FinishAsync(studio, [await QueueAsync(studio, request), await QueueAsync(studio, request)]);
            await PostAsync(studio, "/api/queue/pause");
            List<string> ids = [];
            for (int job = 0; job < jobs; job++)
                ids.Add(await QueueAsync(studio, request));
            await PostAsync(studio, "/api/queue/resume");
            List<JsonElement> done = await FinishAsync(studio, ids);
            long idle = LongestIdle(done);
            double minutes = (done.Max(job => Number(job, "completed_at")) - done.Min(job => Number(job, "started_at"))) / 60_000.0;
            Console.WriteLine($"  {string.Join(' ', environment.Select(entry => entry.Value))}: at most {idle} ms between two jobs of a device");
            return done.Sum(job => job.GetProperty("image_count").GetInt32()) / minutes;
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    // All of them wait from the beginning, so every gap before the last start is one too many.
    private static long LongestIdle(List<JsonElement> jobs) => jobs.GroupBy(job => job.GetProperty("device").GetString()).Max(device =>
    {
        List<JsonElement> order = [.. device.OrderBy(job => Number(job, "started_at"))];
        return order.Zip(order.Skip(1)).Select(pair => Number(pair.Second, "started_at") - Number(pair.First, "completed_at")).DefaultIfEmpty().Max();
    });

    private static long Number(JsonElement job, string name) => job.GetProperty(name).GetInt64();

    private static async Task<List<JsonElement>> FinishAsync(Studio studio, IReadOnlyList<string> ids)
    {
        List<JsonElement> done = [];
        foreach (string id in ids)
        {
            JsonElement job;
            while ((job = await JobAsync(studio, id)).GetProperty("status").GetString() is "pending" or "processing")
                await Task.Delay(20);
            done.Add(job.GetProperty("status").GetString() == "completed" ? job : throw new InvalidOperationException(job.ToString()));
        }

        return done;
    }

    private static async Task<JsonElement> JobAsync(Studio studio, string id)
    {
        using JsonDocument job = JsonDocument.Parse(await studio.Http.GetStringAsync(new Uri($"/api/queue/{id}", UriKind.Relative)));
        return job.RootElement.Clone();
    }

    private static async Task<string> QueueAsync(Studio studio, string request)
    {
        using JsonDocument answer = JsonDocument.Parse(await PostAsync(studio, "/api/queue/generate", request));
        return answer.RootElement.GetProperty("job_id").GetString()!;
    }

    private static async Task<string> PostAsync(Studio studio, string path, string body = "{}")
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await studio.Http.PostAsync(new Uri(path, UriKind.Relative), content);
        string text = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode ? text : throw new InvalidOperationException(text);
    }
}
