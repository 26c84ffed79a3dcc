using System.Runtime.InteropServices;
using System.Text;

namespace SdCpp.Interop.Native;

/// <summary>Zero-terminated UTF-8 copies of strings and small arrays in native memory, all freed together.</summary>
internal sealed unsafe class Utf8Arena : IDisposable
{
    private readonly List<nint> _blocks = [];

    /// <summary>Null stays null. A zero character would silently cut the text for the engine: it is refused.</summary>
    public byte* Add(string? text, string what)
    {
        if (text is null)
            return null;
        if (text.Contains('\0'))
            throw new SdException(SdError.InvalidArgument, $"{what} contains a zero character; remove it");
        int bytes = Encoding.UTF8.GetMaxByteCount(text.Length) + 1;
        var to = (byte*)Block((nuint)bytes);
        int written = Encoding.UTF8.GetBytes(text, new Span<byte>(to, bytes - 1));
        to[written] = 0;
        return to;
    }

    public NativeOption* AddOptions(IReadOnlyCollection<KeyValuePair<string, string>> options)
    {
        if (options.Count == 0)
            return null;
        var to = (NativeOption*)Block((nuint)(options.Count * sizeof(NativeOption)));
        int i = 0;
        foreach ((string name, string value) in options)
            to[i++] = new NativeOption { Name = Add(name, "an option name"), Value = Add(value, $"option {name}") };
        return to;
    }

    public void* Block(nuint bytes)
    {
        void* block = NativeMemory.Alloc(bytes);
        _blocks.Add((nint)block);
        return block;
    }

    public void Dispose()
    {
        foreach (nint block in _blocks)
            NativeMemory.Free((void*)block);
        _blocks.Clear();
    }
}
