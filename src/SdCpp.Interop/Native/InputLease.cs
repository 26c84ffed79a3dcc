namespace SdCpp.Interop.Native;

/// <summary>Keeps the images that a call reads from until it has ended, whoever disposes them meanwhile.</summary>
internal static class InputLease
{
    /// <summary>Takes the images of a request.</summary>
    /// <returns>What gives them back; null when there are none.</returns>
    /// <exception cref="ObjectDisposedException">One of them is disposed.</exception>
    public static Action? Take(ImageRequest request)
    {
        // Most requests have none, and allocate nothing here.
        if (request is TextToImageRequest { ReferenceImages.Count: 0, Control: null, IpAdapter: null, PhotoMaker: null })
            return null;
        return Take(RequestMarshaller.InputsOf(request));
    }

    public static Action Take(IReadOnlyList<ImageBuffer> images)
    {
        int taken = 0;
        try
        {
            for (; taken < images.Count; taken++)
                images[taken].Enter();
        }
        catch (ObjectDisposedException)
        {
            GiveBack();
            throw;
        }

        return GiveBack;

        void GiveBack()
        {
            for (int i = 0; i < taken; i++)
                images[i].Leave();
        }
    }
}
