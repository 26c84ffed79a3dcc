namespace SdStudio.Benchmarks;

/// <summary>The dimensions of Stable Diffusion 1.5: the configuration v1-inference.yaml of the model's authors. 2.0 GB.</summary>
internal sealed class SyntheticSd15 : SyntheticUnet
{
    public SyntheticSd15()
        : base([1, 2, 4, 4], [1, 1, 1, 0], words: 768, hasLinearProjections: false)
    {
        Denoiser("model.diffusion_model.");
        ClipL("cond_stage_model.transformer.text_model.");
        Vae("first_stage_model.");
    }
}
