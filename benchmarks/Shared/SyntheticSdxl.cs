namespace SdStudio.Benchmarks;

/// <summary>The dimensions of Stable Diffusion XL's base model: the configuration sd_xl_base.yaml of the model's authors. 6.9 GB.</summary>
internal sealed class SyntheticSdxl : SyntheticUnet
{
    private const int Words = 1280;
    private const int Layers = 32;

    // The pooled encoding of the second encoder, and six sizes of 256 numbers each.
    private const int Label = 2816;

    public SyntheticSdxl()
        : base([1, 2, 4], [0, 2, 10], words: 2048, hasLinearProjections: true)
    {
        Denoiser("model.diffusion_model.");
        Linear("model.diffusion_model.label_emb.0.0", Time, Label);
        Linear("model.diffusion_model.label_emb.0.2", Time, Time);
        ClipL("conditioner.embedders.0.transformer.text_model.");
        ClipG("conditioner.embedders.1.model.");
        Vae("first_stage_model.");
    }

    private void ClipG(string p)
    {
        Add(p + "token_embedding.weight", 49408, Words);
        Add(p + "positional_embedding", 77, Words);
        Add(p + "text_projection", Words, Words);
        for (int layer = 0; layer < Layers; layer++)
        {
            string l = $"{p}transformer.resblocks.{layer}.";
            Add(l + "attn.in_proj_weight", Words * 3, Words);
            Add(l + "attn.in_proj_bias", Words * 3);
            Linear(l + "attn.out_proj", Words, Words);
            Linear(l + "mlp.c_fc", Words * 4, Words);
            Linear(l + "mlp.c_proj", Words, Words * 4);
            Norm(l + "ln_1", Words);
            Norm(l + "ln_2", Words);
        }

        Norm(p + "ln_final", Words);
    }
}
