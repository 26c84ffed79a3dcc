namespace SdCpp.Interop;

/// <summary>Why a call failed.</summary>
public enum SdError
{
    /// <summary>A value was refused before the engine saw it; the message names it and says what is allowed.</summary>
    InvalidArgument = 1,

    /// <summary>The native library, the engine file or a library that it needs is missing.</summary>
    EngineNotFound = 2,

    /// <summary>A native library or engine was found, but not the one this package was made for.</summary>
    EngineIncompatible = 3,

    /// <summary>The engine refused the model files; the message carries its last error lines.</summary>
    ModelLoadFailed = 4,

    /// <summary>The engine returned no image; the message carries its last error lines.</summary>
    GenerationFailed = 5,

    /// <summary>An allocation failed. The model is still usable.</summary>
    OutOfMemory = 7,

    /// <summary>The loaded engine build lacks the named option or function.</summary>
    NotSupported = 8,

    /// <summary>Another call is running on the same model.</summary>
    Busy = 9,

    /// <summary>An exception of unknown kind inside the engine.</summary>
    Internal = 10,

    /// <summary>A model file does not exist.</summary>
    ModelFileNotFound = 20,

    /// <summary>A file is not a model file of a known format, or its header contradicts itself.</summary>
    ModelFileInvalid = 21,

    /// <summary>A model file is shorter than its header says.</summary>
    ModelFileTruncated = 22,

    /// <summary>An image file is of another kind, or damaged.</summary>
    ImageFileInvalid = 30,
}
