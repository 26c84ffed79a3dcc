using System.Security.Cryptography;
using System.Text;

namespace SdStudio.Server.Images;

/// <summary>The ids of generated images.</summary>
internal static class ImageId
{
    /// <summary>
    /// Always the same for the same job and index, so that a job that runs again after a crash overwrites what the first try left and no
    /// file is left over (RFC 9562, version 8).
    /// </summary>
    public static string Of(string jobId, int index)
    {
        byte[] bytes = SHA256.HashData(Encoding.UTF8.GetBytes($"{jobId}/{index}"))[..16];
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x80);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true).ToString();
    }
}
