using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Polly;
using Polly.Retry;
using SdCpp.Interop;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Models.Downloads;

/// <summary>A file of a repository, as a catalogue names it.</summary>
/// <param name="Repo">Owner and name.</param>
/// <param name="Revision">A branch, tag or commit.</param>
/// <param name="Path">Inside the repository.</param>
/// <param name="Written">Where it goes, as answers show it.</param>
/// <param name="FullPath">Where it goes.</param>
internal sealed record HubEntry(string Repo, string Revision, string Path, string Written, string FullPath)
{
    /// <summary>Its length as the catalogue writes it; null when it does not.</summary>
    public long? Bytes { get; init; }

    /// <summary>Where it is when it is on no hub; null for one of a repository.</summary>
    public Uri? Url { get; init; }

    /// <summary>What its content must be, as somebody said who adds it; null when nobody did.</summary>
    public string? Sha256 { get; init; }

    /// <summary>What it is added as; null for a file of the catalogue.</summary>
    public string? Kind { get; init; }

    /// <summary>For messages.</summary>
    public string Name => Url is null ? $"{Path} of {Repo}" : Path;

    /// <summary>What a download of the missing ones among some files takes; null when the catalogue does not tell.</summary>
    public static long? MissingBytes(IReadOnlyList<HubEntry> entries) =>
        entries.Count == 0 ? null : entries.Where(entry => !File.Exists(entry.FullPath)).Aggregate((long?)0, (sum, entry) => sum + entry.Bytes);
}

/// <summary>What the hub states of a file now.</summary>
/// <param name="Entry">Which file.</param>
/// <param name="Commit">The revision, fixed: it stays the same file while it is fetched.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Sha256">Of its content, lower case; null where the hub states the other one, or none.</param>
/// <param name="GitSha1">Git's hash of its content, for files that are not large.</param>
internal sealed record HubFile(HubEntry Entry, string Commit, long Bytes, string? Sha256, string? GitSha1)
{
    /// <summary>What else tells one state of the file from another.</summary>
    public string Tag { get; init; } = "";

    /// <summary>Whether the content can be checked against what the hub states.</summary>
    public bool StatesHash => Sha256 is not null || GitSha1 is not null;
}

/// <summary>The hub cannot be used at the moment; trying again may help.</summary>
internal sealed class HubBrokenException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>How long the hub asks to wait; null when it does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }
}

/// <summary>Hugging Face's hub, or a mirror of it: what it has, and parts of files.</summary>
internal sealed class Hub(IHttpClientFactory clients, IOptions<StudioOptions> options)
{
    /// <summary>The name of the client, which follows no redirect by itself: the token is for the hub alone.</summary>
    public const string Client = "hub";

    private const int MaxRedirects = 10;
    private const int Retries = 6;
    private const int Sha256Digits = 64;
    private const int Sha1Digits = 40;
    private const int MaxListBytes = 8 * 1024 * 1024;

    private readonly DownloadOptions _options = options.Value.Downloads;
    private readonly ResiliencePipeline _again = new ResiliencePipelineBuilder().AddRetry(new RetryStrategyOptions
    {
        MaxRetryAttempts = Retries,
        BackoffType = DelayBackoffType.Exponential,
        UseJitter = true,
        Delay = TimeSpan.FromMilliseconds(options.Value.Downloads.RetryMilliseconds),
        MaxDelay = TimeSpan.FromSeconds(30),
        ShouldHandle = new PredicateBuilder().Handle<HubBrokenException>().Handle<HttpRequestException>(),
        DelayGenerator = arguments => ValueTask.FromResult((arguments.Outcome.Exception as HubBrokenException)?.RetryAfter),
    }).Build();

    private Uri Address => new(_options.HubAddress.TrimEnd('/') + "/");

    /// <summary>Does something with the hub, and again after a while where that may help.</summary>
    /// <param name="work">What.</param>
    /// <param name="entry">For which file.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="SdException">The hub refuses, or could not be used for all the tries.</exception>
    public async Task TryAsync(Func<CancellationToken, ValueTask> work, HubEntry entry, CancellationToken cancellation)
    {
        try
        {
            await _again.ExecuteAsync(work, cancellation).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is HubBrokenException or HttpRequestException)
        {
            throw new SdException(SdError.Internal, $"{HostOf(entry)} cannot be used at the moment: {exception.Message}; what has come is kept, start the download again later", exception);
        }
    }

    /// <summary>Asks what a file is.</summary>
    /// <exception cref="SdException">The hub has no such file, or does not tell enough to fetch it.</exception>
    public async Task<HubFile> LookAsync(HubEntry entry, CancellationToken cancellation)
    {
        HubFile? file = null;
        await TryAsync(
            async token =>
            {
                // Where it lies is of no interest where the hub itself states what it is; that it was renamed is.
                var facts = new HubFacts();
                HttpResponseMessage response = await SendAsync(HttpMethod.Head, entry, entry.Revision, range: null, facts, token).ConfigureAwait(false);
                if (facts.Bytes is null && (!response.IsSuccessStatusCode || response.Content.Headers.ContentLength is null))
                {
                    // Not everybody answers HEAD, or says in it how long the file is.
                    response.Dispose();
                    response = await SendAsync(HttpMethod.Get, entry, entry.Revision, new RangeHeaderValue(0, 0), facts, token).ConfigureAwait(false);
                }

                using (response)
                    file = Read(entry, facts, response);
            },
            entry, cancellation).ConfigureAwait(false);
        return file!;
    }

    /// <summary>A part of a file, from byte to byte (the last one is not of it).</summary>
    public async Task<HttpResponseMessage> OpenAsync(HubFile file, long from, long to, CancellationToken cancellation)
    {
        HttpResponseMessage response = await SendAsync(
            HttpMethod.Get, file.Entry, file.Commit, new RangeHeaderValue(from, to - 1), facts: null, cancellation).ConfigureAwait(false);
        bool isPart = response.StatusCode == HttpStatusCode.PartialContent && response.Content.Headers.ContentRange?.From == from;
        long? length = isPart ? response.Content.Headers.ContentRange?.Length : response.Content.Headers.ContentLength;
        string? problem = IsPage(response)
            ? $"{HostOf(file.Entry)} sends a web page in place of {file.Entry.Path}{PageHint(file.Entry)}"
            : length is { } bytes && bytes != file.Bytes
                ? $"{HostOf(file.Entry)} sends {bytes} bytes of {file.Entry.Path} and has stated {file.Bytes}"
                : isPart || (from == 0 && to == file.Bytes) ? null : $"{HostOf(file.Entry)} does not send parts of files; a download from it could not be resumed";
        if (problem is null)
            return response;
        response.Dispose();
        throw new SdException(SdError.NotSupported, problem);
    }

    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, HubEntry entry, string revision, RangeHeaderValue? range, HubFacts? facts, CancellationToken cancellation)
    {
        using HttpClient http = clients.CreateClient(Client);
        Uri at = entry.Url ?? new Uri(Address, $"{entry.Repo}/resolve/{Uri.EscapeDataString(revision)}/{string.Join('/', entry.Path.Split('/').Select(Uri.EscapeDataString))}");
        for (int redirect = 0; redirect < MaxRedirects; redirect++)
        {
            // The setting may be another one than when the file was added.
            if (entry.Url is not null && Refusal(at) is { } refusal)
                throw new SdException(SdError.InvalidArgument, redirect == 0 ? refusal : $"{HostOf(entry)} redirects {entry.Path}: {refusal}");
            bool isHub = entry.Url is null && at.Authority == Address.Authority;
            HttpResponseMessage response = await SendAsync(http, method, at, range, isHub, cancellation).ConfigureAwait(false);
            facts?.Add(response);
            if ((int)response.StatusCode is >= 300 and < 400 && response.Headers.Location is { } location)
            {
                var next = new Uri(at, location);
                if (next.Scheme is not ("http" or "https"))
                    throw new SdException(SdError.Internal, $"{HostOf(entry)} redirects {entry.Path} to an address that is not of the web");
                // Its length and hash are known: where it lies is asked when it is fetched.
                if (facts?.Bytes is not null && next.Authority != Address.Authority && entry.Url is null)
                    return response;
                at = next;
                response.Dispose();
                continue;
            }

            if (response.IsSuccessStatusCode || (method == HttpMethod.Head && response.StatusCode is HttpStatusCode.MethodNotAllowed or HttpStatusCode.NotImplemented))
                return response;
            using (response)
                throw Refused(entry, response, isHub);
        }

        throw new SdException(SdError.Internal, $"{HostOf(entry)} redirects {entry.Path} more than {MaxRedirects} times");
    }

    private async Task<HttpResponseMessage> SendAsync(HttpClient http, HttpMethod method, Uri at, RangeHeaderValue? range, bool isHub, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, at) { Headers = { Range = range } };
        if (isHub && _options.Token.Length > 0)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _options.Token);
        // Compressed bytes would be other bytes than those the hash is of.
        request.Headers.AcceptEncoding.ParseAdd("identity");
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(TimeSpan.FromSeconds(_options.StallSeconds));
        try
        {
            return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception) when (!cancellation.IsCancellationRequested)
        {
            throw new HubBrokenException($"no answer for {_options.StallSeconds} seconds", exception);
        }
    }

    /// <summary>Why nothing is fetched from an address; null when it may be.</summary>
    public string? Refusal(Uri address) =>
        address.Scheme is not ("http" or "https") ? "it is no http or https address"
        : _options.AllowedHosts.Exists(host => host.StartsWith("*.", StringComparison.Ordinal)
            ? address.Host.EndsWith(host[1..], StringComparison.OrdinalIgnoreCase)
            : host.Equals(address.Host, StringComparison.OrdinalIgnoreCase) || host.Equals(address.Authority, StringComparison.OrdinalIgnoreCase)) ? null
        : $"the host {address.Authority} is not in SdStudio:Downloads:AllowedHosts; {(_options.AllowedHosts.Count == 0 ? "that setting is empty" : $"allowed is one of: {string.Join(", ", _options.AllowedHosts)}")}";

    /// <summary>The files of a repository.</summary>
    /// <exception cref="SdException">The hub refuses, or could not be used.</exception>
    public async Task<IReadOnlyList<string>> ListAsync(string repo, string revision, CancellationToken cancellation)
    {
        var entry = new HubEntry(repo, revision, "the list of files", "", "");
        List<string> files = [];
        await TryAsync(
            async token =>
            {
                using HttpClient http = clients.CreateClient(Client);
                http.MaxResponseContentBufferSize = MaxListBytes;
                using HttpResponseMessage response = await SendAsync(
                    http, HttpMethod.Get, new Uri(Address, $"api/models/{repo}/revision/{Uri.EscapeDataString(revision)}"), range: null, isHub: true, token).ConfigureAwait(false);
                if (!response.IsSuccessStatusCode)
                    throw Refused(entry, response, isHub: true);
                await response.Content.LoadIntoBufferAsync(MaxListBytes, token).ConfigureAwait(false);
                using JsonDocument list = await JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync(token).ConfigureAwait(false), default, token).ConfigureAwait(false);
                if (list.RootElement.ValueKind == JsonValueKind.Object && list.RootElement.TryGetProperty("siblings", out JsonElement siblings) && siblings.ValueKind == JsonValueKind.Array)
                    files = [.. siblings.EnumerateArray().Select(file => file.ValueKind == JsonValueKind.Object && file.TryGetProperty("rfilename", out JsonElement name) ? name.GetString() : null).OfType<string>()];
            },
            entry, cancellation).ConfigureAwait(false);
        return files;
    }

    private string HostOf(HubEntry entry) => entry.Url?.Host ?? Address.Host;

    private static string PageHint(HubEntry entry) => entry.Url is null ? "; is SdStudio:Downloads:HubAddress that of a hub?" : "; is it the address of the file itself?";

    private HubFile Read(HubEntry entry, HubFacts facts, HttpResponseMessage response)
    {
        if (IsPage(response))
            throw new SdException(SdError.ModelFileInvalid, $"{HostOf(entry)} answers with a web page in place of {entry.Path}{PageHint(entry)}");
        // What a redirect says of itself is not what the file is.
        long? bytes = facts.Bytes ?? (response.StatusCode == HttpStatusCode.PartialContent
            ? response.Content.Headers.ContentRange?.Length
            : response.IsSuccessStatusCode ? response.Content.Headers.ContentLength : null);
        if (bytes is null)
            throw new SdException(SdError.Internal, $"{HostOf(entry)} does not say how large {entry.Name} is");
        if (bytes <= 0)
            throw new SdException(SdError.ModelFileInvalid, $"{HostOf(entry)} states that {entry.Name} is empty; nothing was downloaded");
        string tag = (facts.Tag ?? "").Trim('"').ToLowerInvariant();
        // Elsewhere a tag is a hash of nobody knows what.
        bool isHash = entry.Url is null && tag.All(char.IsAsciiHexDigit);
        return new HubFile(
            entry, facts.Commit ?? entry.Revision, bytes.Value, entry.Sha256 ?? (isHash && tag.Length == Sha256Digits ? tag : null), isHash && tag.Length == Sha1Digits ? tag : null)
        {
            Tag = tag,
        };
    }

    private static bool IsPage(HttpResponseMessage response) =>
        response.IsSuccessStatusCode && response.Content.Headers.ContentType?.MediaType is { } type
        && (type.Equals("text/html", StringComparison.OrdinalIgnoreCase) || type.Equals("application/xhtml+xml", StringComparison.OrdinalIgnoreCase));

    private Exception Refused(HubEntry entry, HttpResponseMessage response, bool isHub)
    {
        string what = entry.Name;
        string code = response.Headers.TryGetValues("X-Error-Code", out IEnumerable<string>? values) ? values.First() : "";
        var status = (int)response.StatusCode;
        return status switch
        {
            // An address for a while that has run out; the hub gives another.
            403 when !isHub => new HubBrokenException($"{what}: the address of the file has expired"),
            401 or 403 when code == "GatedRepo" => new SdException(
                SdError.InvalidArgument, $"{entry.Repo} is gated: agree to its terms at {Address}{entry.Repo}, and set SdStudio:Downloads:Token to a token of that account"),
            401 or 403 when entry.Url is not null => new SdException(SdError.InvalidArgument, $"{HostOf(entry)} does not let this server read {what} ({status})"),
            404 or 410 when entry.Url is not null => new SdException(SdError.ModelFileNotFound, $"{HostOf(entry)} has no {what} ({status})"),
            401 or 403 => new SdException(
                SdError.InvalidArgument, $"{Address.Host} does not let this server read {entry.Repo} ({status}): it is private, or not there, or SdStudio:Downloads:Token is wrong"),
            404 or 410 => new SdException(SdError.ModelFileNotFound, $"{Address.Host} has no {what} at {entry.Revision}; the catalogue's entry is wrong or outdated"),
            408 or 429 or >= 500 => new HubBrokenException($"{what}: answered {status}")
            {
                RetryAfter = response.Headers.RetryAfter is { Delta: { } delta } && delta < TimeSpan.FromMinutes(5) ? delta : null,
            },
            _ => new SdException(SdError.Internal, $"{HostOf(entry)} answered {status} for {what}"),
        };
    }
}

/// <summary>What the answers on the way to a file state of it.</summary>
internal sealed class HubFacts
{
    /// <summary>Its length, where the hub states it.</summary>
    public long? Bytes { get; private set; }

    public string? Commit { get; private set; }

    /// <summary>The hub's tag of the file, or else that of the last answer.</summary>
    public string? Tag { get; private set; }

    private bool _isLinked;

    public void Add(HttpResponseMessage response)
    {
        Commit ??= Header(response, "X-Repo-Commit");
        Bytes ??= long.TryParse(Header(response, "X-Linked-Size"), NumberStyles.None, CultureInfo.InvariantCulture, out long bytes) ? bytes : null;
        if (_isLinked)
            return;
        string? linked = Header(response, "X-Linked-ETag");
        _isLinked = linked is not null;
        // Weak tags are no hashes of the bytes.
        Tag = linked ?? (response.Headers.ETag is { IsWeak: false } tag ? tag.Tag : Tag);
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out IEnumerable<string>? values) ? values.First() : null;
}
