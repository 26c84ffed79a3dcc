// The binding has public types of these names; inside the server the server's own are meant.
global using ImageFormat = SdStudio.Server.Images.ImageFormat;
global using SamplerNames = SdStudio.Server.Generation.SamplerNames;
