using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SdCpp.Interop.Native;

/// <summary>The functions of native/include/sdcpp.h that are called from here, under their own names.</summary>
internal static unsafe partial class NativeMethods
{
    public const string Library = "sdcpp";
    public const uint AbiVersion = 4;

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial uint sdcpp_abi_version();

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial int sdcpp_engine_load(NativeEngineParams* parameters, NativeError* error);

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial int sdcpp_engine_get_info(NativeEngineInfo* info, NativeError* error);

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial nuint sdcpp_engine_devices(byte* buffer, nuint capacity);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial int sdcpp_device_memory(string name, ulong* freeBytes, ulong* totalBytes);

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial int sdcpp_available_threads();

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial int sdcpp_limit_at(int index, NativeLimit* limit, NativeError* error);

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial int sdcpp_result_size(NativeImageParams* parameters, uint* width, uint* height, NativeError* error);

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial byte* sdcpp_engine_features();

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial byte* sdcpp_sampler_name(int index);

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial byte* sdcpp_scheduler_name(int index);

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial void sdcpp_set_log_sink(delegate* unmanaged[Cdecl]<int, byte*, nint, void> sink, nint user);

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial int sdcpp_context_create(NativeContextParams* parameters, NativeCall* call, nint* context, NativeError* error);

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial int sdcpp_fit_model(
        NativeContextParams* parameters, int width, int height, byte* prompt, NativeCall* call, NativeFit* fit, NativeError* error);

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial void sdcpp_context_free(nint context);

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial int sdcpp_context_get_info(ContextHandle context, NativeContextInfo* info, NativeError* error);

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial int sdcpp_context_set_control_net(ContextHandle context, byte* path, NativeCall* call, NativeError* error);

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial int sdcpp_canny(
        NativeImage* input, float highThreshold, float lowThreshold, float weak, float strong, int inverse, byte* output, NativeError* error);

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial void sdcpp_cancel(ContextHandle context, int mode);

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial int sdcpp_txt2img(
        ContextHandle context, NativeImageParams* parameters, NativeCall* call, NativeResult* result, NativeError* error);

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial int sdcpp_img2img(
        ContextHandle context, NativeImageParams* parameters, NativeImage* init, NativeImage* mask, float strength, NativeCall* call,
        NativeResult* result, NativeError* error);

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial int sdcpp_video(
        ContextHandle context, NativeVideoParams* parameters, NativeCall* call, NativeVideoResult* result, NativeError* error);

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial int sdcpp_video_check(NativeVideoParams* parameters, NativeError* error);

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial void sdcpp_audio_free(NativeAudio* audio);

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial int sdcpp_can_convert();

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial int sdcpp_convert(byte* inputPath, byte* outputPath, byte* weightType, NativeCall* call, NativeError* error);

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial int sdcpp_upscaler_create(NativeUpscalerParams* parameters, NativeCall* call, nint* upscaler, NativeError* error);

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial void sdcpp_upscaler_free(nint upscaler);

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial int sdcpp_upscaler_factor(UpscalerHandle upscaler);

    [LibraryImport(Library)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial int sdcpp_upscale(
        UpscalerHandle upscaler, NativeImage* input, NativeCall* call, NativeResult* result, NativeError* error);
}
