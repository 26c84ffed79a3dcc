namespace SdCpp.Interop;

/// <summary>
/// Skip layer guidance (SLG): steers away from what the model generates without some of its layers. For SD3; the prebuilt engine generates
/// FLUX and Z-Image as without it.
/// </summary>
/// <param name="Layers">The layers to leave out, counted from 0, each 0 to 1000; for SD3.5 medium 7, 8 and 9.</param>
/// <param name="Scale">How strongly, 0 (off) to 100.</param>
/// <param name="Start">Where it begins, as a part of all steps, 0 to 1.</param>
/// <param name="End">Where it ends, as a part of all steps, 0 to 1.</param>
public sealed record SkipLayerGuidance(IReadOnlyList<int> Layers, float Scale = 2.5f, float Start = 0.01f, float End = 0.2f);
