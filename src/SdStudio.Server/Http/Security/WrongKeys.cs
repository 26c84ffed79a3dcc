using System.Net;
using System.Net.Sockets;

namespace SdStudio.Server.Http.Security;

/// <summary>
/// A brake on guessing keys: an address may try a few keys at once and then one every few seconds. While it has no try left, every key
/// is refused without being looked at, so that a guess tells nothing; but a key that was right from this address before stays right,
/// or one guesser behind a proxy would shut out everybody else there.
/// </summary>
internal sealed partial class WrongKeys(TimeProvider time, ILogger<WrongKeys> logger)
{
    private const int AtOnce = 20;
    private const int MaxAddresses = 10_000;
    private const int MaxGoodKeys = 64;
    private static readonly TimeSpan OneMoreEvery = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, Tries> _tries = [];

    /// <summary>How long a key of this address has to wait before it is looked at; null when it need not.</summary>
    public TimeSpan? Wait(IPAddress? address, byte[] keyHash)
    {
        lock (_lock)
        {
            if (!_tries.TryGetValue(Network(address), out Tries? tries))
                return null;
            Refill(tries);
            return tries.Left >= 1 || tries.Good.Contains(Convert.ToHexString(keyHash)) ? null : OneMoreEvery * (1 - tries.Left);
        }
    }

    /// <summary>A wrong key came.</summary>
    public void Count(IPAddress? address)
    {
        bool exhausted;
        IPAddress network = Network(address);
        lock (_lock)
        {
            Tries tries = Of(network);
            Refill(tries);
            tries.Left = Math.Max(0, tries.Left - 1);
            exhausted = tries.Left < 1 && !tries.Logged;
            tries.Logged |= exhausted;
        }

        if (exhausted)
            LogGuessing(network);
    }

    /// <summary>A right key came.</summary>
    public void Remember(IPAddress? address, byte[] keyHash)
    {
        string key = Convert.ToHexString(keyHash);
        lock (_lock)
        {
            Tries tries = Of(Network(address));
            if (tries.Good.Count < MaxGoodKeys)
                tries.Good.Add(key);
        }
    }

    private Tries Of(IPAddress network)
    {
        if (_tries.TryGetValue(network, out Tries? known))
            return known;
        if (_tries.Count >= MaxAddresses)
        {
            foreach (IPAddress idle in _tries.OrderBy(entry => entry.Value.At).Take(MaxAddresses / 10).Select(entry => entry.Key).ToList())
                _tries.Remove(idle);
        }

        return _tries[network] = new Tries { Left = AtOnce, At = time.GetTimestamp() };
    }

    private void Refill(Tries tries)
    {
        long now = time.GetTimestamp();
        tries.Left = Math.Min(AtOnce, tries.Left + (time.GetElapsedTime(tries.At, now) / OneMoreEvery));
        tries.At = now;
        tries.Logged &= tries.Left < AtOnce / 2;
    }

    // Whoever has one IPv6 address has 2^64 of them.
    private static IPAddress Network(IPAddress? address)
    {
        if (address is null)
            return IPAddress.None;
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return address;
        byte[] bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }

    private sealed class Tries
    {
        public double Left { get; set; }

        public long At { get; set; }

        public bool Logged { get; set; }

        public HashSet<string> Good { get; } = new(StringComparer.Ordinal);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Many wrong API keys from {Address}: further attempts are rate-limited")]
    private partial void LogGuessing(IPAddress address);
}
