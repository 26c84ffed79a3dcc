using Microsoft.Extensions.Options;

namespace SdStudio.Server.Settings;

/// <summary>Stops a start with wrong settings, naming each.</summary>
[OptionsValidator]
internal sealed partial class StudioOptionsValidator : IValidateOptions<StudioOptions>;
