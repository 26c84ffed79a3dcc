using System.Runtime.InteropServices;

namespace SdCpp.Interop.Native;

// The structs of native/include/sdcpp.h, member for member.

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeError
{
    public const int OptionBytes = 64;
    public const int MessageBytes = 1976;
    public uint Size;
    public int Code;
    public fixed byte Message[MessageBytes];
    public fixed byte Option[OptionBytes];
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeFit
{
    public const int PlaceBytes = 256;
    public const int ReportBytes = 4096;
    public uint Size;
    public int Fits;
    public int Changed;
    public int VaeTiling;
    public int StreamLayers;
    public uint Reserved;
    public fixed byte Backend[PlaceBytes];
    public fixed byte ParamsBackend[PlaceBytes];
    public fixed byte Report[ReportBytes];
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeEngineParams
{
    public uint Size;
    public uint Reserved;
    public byte* EnginePath;
    public byte* BackendPath;
    public byte* CrashFile;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeEngineInfo
{
    public uint Size;
    public uint Reserved;
    public byte* Provider;
    public byte* Version;
    public byte* Commit;
    public byte* SystemInfo;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeLimit
{
    public uint Size;
    public uint Reserved;
    public byte* Name;
    public double Low;
    public double High;
}

[StructLayout(LayoutKind.Sequential)]
internal struct NativeProgress
{
    public uint Size;
    public int Phase;
    public int Step;
    public int Steps;
    public int ImageIndex;
    public int ImageCount;
    public float SecondsPerStep;
    public int Pass;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeCall
{
    public uint Size;
    public uint Reserved;
    public delegate* unmanaged[Cdecl]<NativeProgress*, nint, void> Progress;
    public delegate* unmanaged[Cdecl]<int, byte*, nint, void> Log;
    public nint User;
    public byte* Tag;
    public delegate* unmanaged[Cdecl]<NativePreview*, nint, void> Preview;
    public byte* PreviewMode;
    public int PreviewInterval;
    public uint Reserved2;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativePreview
{
    public uint Size;
    public int Step;
    public int ImageIndex;
    public uint Width;
    public uint Height;
    public uint Channels;
    public byte* Pixels;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeOption
{
    public byte* Name;
    public byte* Value;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeContextParams
{
    public uint Size;
    public int Threads;
    public NativeOption* Options;
    public nuint OptionCount;
    public NativeOption* Embeddings;
    public nuint EmbeddingCount;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeContextInfo
{
    public uint Size;
    public uint Reserved;
    public byte* Family;
    public byte* DefaultSampler;
    public byte* DefaultScheduler;
    public int TakesRefImages;
    public uint Reserved2;
    public int MakesImages;
    public int MakesVideos;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeImage
{
    public uint Width;
    public uint Height;
    public uint Channels;
    public uint Reserved;
    public byte* Data;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeLora
{
    public byte* Path;
    public float Multiplier;
    public uint HighNoise;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeNamedImage
{
    public byte* Name;
    public NativeImage Image;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeImageParams
{
    public uint Size;
    public int Width;
    public int Height;
    public int Steps;
    public long Seed;
    public int BatchCount;
    public int ClipSkip;
    public float CfgScale;
    public uint LoraCount;
    public byte* Prompt;
    public byte* NegativePrompt;
    public byte* Sampler;
    public byte* Scheduler;
    public NativeLora* Loras;
    public NativeOption* Options;
    public nuint OptionCount;
    public NativeNamedImage* Images;
    public nuint ImageCount;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeResult
{
    public uint Size;
    public uint ImageCount;
    public byte** Images;
    public nuint ImageBytes;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeVideoParams
{
    public uint Size;
    public int Width;
    public int Height;
    public int Frames;
    public int Fps;
    public int Steps;
    public long Seed;
    public int ClipSkip;
    public float CfgScale;
    public uint LoraCount;
    public uint Reserved;
    public byte* Prompt;
    public byte* NegativePrompt;
    public byte* Sampler;
    public byte* Scheduler;
    public NativeLora* Loras;
    public NativeOption* Options;
    public nuint OptionCount;
    public NativeNamedImage* Images;
    public nuint ImageCount;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeVideoResult
{
    public uint Size;
    public uint FrameCount;
    public byte** Frames;
    public nuint FrameBytes;
    public int Fps;
    public uint Reserved;
    public NativeAudio* Audio;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeAudio
{
    public uint Size;
    public uint SampleRate;
    public uint Channels;
    public uint Reserved;
    public ulong SampleCount;
    public float* Samples;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeUpscalerParams
{
    public uint Size;
    public int Threads;
    public int TileSize;
    public uint Reserved;
    public byte* ModelPath;
    public byte* Backend;
    public byte* ParamsBackend;
    public int ConvDirect;
    public uint Reserved2;
}
