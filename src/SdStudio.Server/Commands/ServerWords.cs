using System.Text.RegularExpressions;

namespace SdStudio.Server.Commands;

/// <summary>A server's errors name requests of its API as remedies: at a terminal, the remedies are commands.</summary>
internal static partial class ServerWords
{
    public static string ForTerminal(string error)
    {
        error = UnknownModel().Replace(error, "There is no model '${model}'; `sdstudio models list` lists: ${models}");
        error = DownloadOf().Replace(error, "`sdstudio models pull ${model}`");
        error = Retry().Replace(error, "Run the command again to try it again");
        return error
            .Replace("POST /api/models/download", "`sdstudio models pull ID`", StringComparison.Ordinal)
            .Replace("GET /api/models", "`sdstudio models list`", StringComparison.Ordinal)
            .Replace("Add it with POST /api/boards", "Add it on the page, or leave --board out", StringComparison.Ordinal);
    }

    [GeneratedRegex(@"^Invalid model: (?<model>.*?)\. Model '.*?' not found in configuration\. Available models: (?<models>.*)$", RegexOptions.ExplicitCapture | RegexOptions.Singleline)]
    private static partial Regex UnknownModel();

    [GeneratedRegex("""POST /api/models/download \{"modelId": "(?<model>[^"]*)"\}""", RegexOptions.ExplicitCapture)]
    private static partial Regex DownloadOf();

    [GeneratedRegex(@"POST /api/queue/\S+/retry runs it once more", RegexOptions.ExplicitCapture)]
    private static partial Regex Retry();
}
