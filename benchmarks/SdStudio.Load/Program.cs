using System.Globalization;
using SdStudio.Load;

// SdStudio.Load gallery [rows]   lists, searches and statistics over HTTP with that many generations in the database
// SdStudio.Load crowd [seconds]  a job alone against a job beside 200 clients that poll and 50 WebSockets
switch (args)
{
    case ["gallery", .. var rest]:
        await GalleryLoad.RunAsync(Number(rest, 100_000));
        return 0;
    case ["crowd", .. var rest]:
        await CrowdLoad.RunAsync(Number(rest, 5));
        return 0;
    default:
        await Console.Error.WriteLineAsync("Usage: SdStudio.Load gallery [rows] | crowd [rounds]");
        return 1;
}

static int Number(string[] rest, int absent) => rest is [{ } text] ? int.Parse(text, CultureInfo.InvariantCulture) : absent;
