using System.Globalization;
using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace SdStudio.Server.Hosting;

/// <summary>What keeps the server from starting, for whoever started it: what is wrong, which file or setting it is, and what to do. One sentence, no stack.</summary>
internal static class StartFailure
{
    // Below this the runtime itself ends with "Out of memory" before anything can be said.
    private const int MinDescriptors = 400;

    private const int ReadOnlyFileSystemOnUnix = 30;

    /// <summary>Why this machine cannot run the server at all; null when it can.</summary>
    public static string? OfThisProcess()
    {
        const string files = "Max open files";
        if (!File.Exists("/proc/self/limits"))
            return null;
        string? line = File.ReadLines("/proc/self/limits").FirstOrDefault(line => line.StartsWith(files, StringComparison.Ordinal));
        string? soft = line?[files.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        return int.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out int limit) && limit < MinDescriptors
            ? $"This process may open only {limit} files at a time, and the server needs at least {MinDescriptors}; raise the limit, e.g. ulimit -n 4096, or LimitNOFILE=4096 in a systemd unit."
            : null;
    }

    /// <param name="exception">What came out of the start.</param>
    /// <param name="dataDirectory">The setting.</param>
    /// <returns>A sentence; null for what nobody foresaw.</returns>
    public static string? Explain(Exception exception, string dataDirectory) => exception switch
    {
        OptionsValidationException wrong => string.Join("; ", wrong.Failures),
        CannotStartException known => known.Message,
        StorageUnavailableException database =>
            $"The database {Path.Combine(Path.GetFullPath(dataDirectory), "sdstudio.db")} cannot be used ({database.Message.TrimEnd('.')}); the disk may be full or failing.",
        _ when Find<SocketException>(exception) is { } socket => OfAddress(exception, socket),
        _ when StorageUnavailableException.ProblemOf(exception) == StorageProblem.Full => $"The disk that holds the data directory {Path.GetFullPath(dataDirectory)} is full; free some space on it.",
        IOException { HResult: ReadOnlyFileSystemOnUnix } => NotWritable(dataDirectory, "is on a read-only file system"),
        UnauthorizedAccessException denied => NotWritable(dataDirectory, $"cannot be used ({denied.Message.TrimEnd('.')})"),
        IOException when File.Exists(dataDirectory) => $"The data directory {Path.GetFullPath(dataDirectory)} is a file; set SdStudio__DataDirectory to a folder.",
        FileNotFoundException or DirectoryNotFoundException => NotWritable(dataDirectory, $"cannot be made ({exception.Message.TrimEnd('.')})"),
        FormatException address => $"An address in ASPNETCORE_URLS or --urls cannot be read ({address.Message.TrimEnd('.')}); write it like http://localhost:3000.",
        InvalidDataException or IOException or InvalidOperationException or NotSupportedException => Sentence(exception),
        _ when exception.InnerException is { } inner => Explain(inner, dataDirectory),
        _ => null,
    };

    private static string OfAddress(Exception exception, SocketException socket)
    {
        const string other = "choose another address, e.g. ASPNETCORE_URLS=http://localhost:3001";
        string what = exception is IOException ? exception.Message.TrimEnd('.') : $"The server cannot listen ({socket.Message.TrimEnd('.')})";
        return socket.SocketErrorCode switch
        {
            SocketError.AddressAlreadyInUse => $"{what}; stop the program that uses it, or {other}.",
            SocketError.AccessDenied => $"{what}: ports below 1024 need special rights; {other}.",
            _ => $"{what}; {other}.",
        };
    }

    private static string NotWritable(string dataDirectory, string why) =>
        $"The data directory {Path.GetFullPath(dataDirectory)} {why}; make it writable for this user, or set SdStudio__DataDirectory to another folder.";

    private static string Sentence(Exception exception)
    {
        string text = exception.Message;
        // A setting of the wrong type: the reason stands inside.
        if (exception.InnerException is { } inner && !text.Contains(inner.Message, StringComparison.Ordinal))
            text = $"{text.TrimEnd('.')}: {inner.Message}";
        return text.ReplaceLineEndings(" ");
    }

    private static T? Find<T>(Exception? exception)
        where T : Exception
    {
        while (exception is not null and not T)
            exception = exception.InnerException;
        return exception as T;
    }
}
