namespace SdCpp.Interop;

/// <summary>How a model file is written.</summary>
public enum ModelFormat
{
    /// <summary>GGUF, version 2 or 3.</summary>
    Gguf,

    /// <summary>safetensors.</summary>
    Safetensors,

    /// <summary>A JSON list of the safetensors files that make up one model (<c>*.safetensors.index.json</c>).</summary>
    SafetensorsIndex,

    /// <summary>A PyTorch checkpoint (<c>.pt</c>, <c>.pth</c>, <c>.ckpt</c>). It is recognised, not read.</summary>
    PyTorch,
}

/// <summary>The models that a file belongs to.</summary>
public enum ModelFamily
{
    /// <summary>The names of the tensors do not tell.</summary>
    Unknown,

    /// <summary>Stable Diffusion 1.x.</summary>
    Sd1,

    /// <summary>Stable Diffusion 2.x.</summary>
    Sd2,

    /// <summary>Stable Diffusion XL, its inpainting model, its refiner, and SSD-1B.</summary>
    Sdxl,

    /// <summary>Stable Diffusion 3 and 3.5.</summary>
    Sd3,

    /// <summary>FLUX.1: dev, schnell, Kontext, Fill, Control.</summary>
    Flux,

    /// <summary>FLUX.2 and FLUX.2 klein.</summary>
    Flux2,

    /// <summary>Qwen-Image and Qwen-Image-Edit.</summary>
    QwenImage,

    /// <summary>Z-Image.</summary>
    ZImage,

    /// <summary>Chroma and Chroma Radiance.</summary>
    Chroma,

    /// <summary>Wan 2.1 and 2.2.</summary>
    Wan,

    /// <summary>ESRGAN and RealESRGAN.</summary>
    Esrgan,

    /// <summary>HunyuanVideo, and HunyuanImage with its names.</summary>
    HunyuanVideo,

    /// <summary>LTX-Video.</summary>
    Ltx,

    /// <summary>HiDream-I1 and HiDream-O1.</summary>
    HiDream,

    /// <summary>Anima.</summary>
    Anima,

    /// <summary>Ovis-Image.</summary>
    OvisImage,

    /// <summary>LongCat-Image.</summary>
    LongCat,

    /// <summary>PixArt-α and PixArt-Σ.</summary>
    PixArt,

    /// <summary>Lumina-Image 2.0.</summary>
    Lumina2,

    /// <summary>OmniGen2.</summary>
    OmniGen2,

    /// <summary>ERNIE-Image.</summary>
    ErnieImage,

    /// <summary>Krea 2.</summary>
    Krea2,

    /// <summary>Ideogram 4.</summary>
    Ideogram4,
}

/// <summary>What a model file is for.</summary>
public enum ModelRole
{
    /// <summary>The names of the tensors do not tell.</summary>
    Unknown,

    /// <summary>The diffusion model alone.</summary>
    DiffusionModel,

    /// <summary>Turns latents into pixels and back.</summary>
    Vae,

    /// <summary>A tiny autoencoder in place of the VAE.</summary>
    Taesd,

    /// <summary>Turns the prompt into numbers.</summary>
    TextEncoder,

    /// <summary>Small changes to another model's weights.</summary>
    Lora,

    /// <summary>Steers a diffusion model by an image.</summary>
    ControlNet,

    /// <summary>Makes images larger.</summary>
    Upscaler,

    /// <summary>A word that a text encoder learned later (textual inversion).</summary>
    Embedding,

    /// <summary>Diffusion model, VAE and text encoders in one file.</summary>
    Checkpoint,
}
