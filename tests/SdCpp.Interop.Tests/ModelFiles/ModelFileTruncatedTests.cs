using System.Text;

namespace SdCpp.Interop.Tests;

/// <summary>Looking at a file that is not whole yet.</summary>
public sealed class ModelFileTruncatedTests : ModelFileTest
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_file_that_is_being_downloaded_is_described_when_its_header_is_there(bool isGguf)
    {
        (string, long[])[] tensors = [("x_embedder.weight", [4, 64]), ("cap_embedder.1.weight", [4, 64]), ("layers.0.attention.qkv.weight", [2, 16])];
        byte[] file = isGguf ? ModelBytes.Gguf("lumina2", tensors) : ModelBytes.Safetensors(tensors);
        ModelFileInfo whole = Inspect(file);
        int header = file.Length - 512 - 512 - 64;
        foreach (int length in new[] { header, header + 1, header + 600, file.Length - 1 })
        {
            string path = Write(file[..length]);
            Assert.Equal(SdError.ModelFileTruncated, Assert.Throws<SdException>(() => ModelFile.Inspect(path)).Code);
            ModelFileInfo info = ModelFile.Inspect(path, allowTruncated: true);
            Assert.True(info.IsTruncated);
            Assert.Equal((file.Length - length, (long)length), (info.MissingBytes, info.FileBytes));
            Assert.Equal((whole.Family, whole.Role, whole.Parameters, whole.TensorBytes, whole.MemoryEstimate),
                (info.Family, info.Role, info.Parameters, info.TensorBytes, info.MemoryEstimate));
        }
        string inHeader = Write(file[..(header - 40)]);
        Assert.Equal(SdError.ModelFileTruncated, Assert.Throws<SdException>(() => ModelFile.Inspect(inHeader, allowTruncated: true)).Code);
        Assert.False(ModelFile.Inspect(Write(file), allowTruncated: true).IsTruncated);
        Assert.Equal(0, whole.MissingBytes);
    }

    [Fact]
    public void The_parts_of_a_list_are_added_up()
    {
        Write(ModelBytes.Safetensors(("a", [2, 2]))[..^3], "1.safetensors");
        Write(ModelBytes.Safetensors(("b", [3]))[..^5], "2.safetensors");
        string list = Write("""{"weight_map":{"a":"1.safetensors","b":"2.safetensors"}}"""u8.ToArray());
        Assert.Equal(8, ModelFile.Inspect(list, allowTruncated: true).MissingBytes);
        Assert.Throws<SdException>(() => ModelFile.Inspect(list));
    }

    [Fact]
    public void What_no_file_could_hold_is_a_contradiction_and_not_a_download()
    {
        string json = """{"a":{"dtype":"F32","shape":[4],"data_offsets":[9223372036854775790,9223372036854775806]}}""";
        string path = Write([.. BitConverter.GetBytes((ulong)json.Length), .. Encoding.UTF8.GetBytes(json)]);
        Assert.Equal(SdError.ModelFileInvalid, Assert.Throws<SdException>(() => ModelFile.Inspect(path, allowTruncated: true)).Code);
    }
}
