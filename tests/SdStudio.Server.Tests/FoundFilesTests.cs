using System.Buffers.Binary;
using System.Text;
using Microsoft.Extensions.Options;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Models.Files;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Tests;

/// <summary>Checkpoints and LoRAs that lie in folders, however they lie there.</summary>
public sealed class FoundFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sdstudio-found-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Checkpoints_with_one_name_are_told_apart_by_their_folders()
    {
        Checkpoint("a/model.safetensors");
        Checkpoint("b/model.safetensors");
        Checkpoint("c/d/e/f/g/deep.safetensors");
        Checkpoint("demo.safetensors");

        (List<string> ids, List<string> notes) = Find("demo");
        Assert.Equal(["a-model", "b-model", "deep", "demo", "demo-2"], ids);
        Assert.Contains("models/a/model.safetensors has the name of another model; it is listed as a-model", notes);
        Assert.Contains("models/demo.safetensors has the name of another model; it is listed as demo-2", notes);
    }

    [Fact]
    public void What_cannot_be_read_takes_nothing_along_and_circles_of_links_end()
    {
        Checkpoint("good.safetensors");
        Checkpoint("in/good2.safetensors");
        File.CreateSymbolicLink(Path.Combine(_folder, "self.safetensors"), "self.safetensors");
        File.CreateSymbolicLink(Path.Combine(_folder, "gone.gguf"), "nowhere.gguf");
        Directory.CreateSymbolicLink(Path.Combine(_folder, "in", "up"), "..");
        Directory.CreateSymbolicLink(Path.Combine(_folder, "round"), "round");
        File.WriteAllBytes(Path.Combine(_folder, "._good.safetensors"), [0, 5, 22, 7]);
        File.WriteAllText(Path.Combine(_folder, "text.safetensors"), "no model");
        File.WriteAllBytes(Path.Combine(_folder, "empty.gguf"), []);

        Assert.Equal(["good", "good2"], Find().Ids);
    }

    [Fact]
    public void A_part_of_a_checkpoint_is_no_model()
    {
        Checkpoint("big-00001-of-00002.safetensors");
        Checkpoint("big-00002-of-00002.safetensors");
        Checkpoint("whole.safetensors");

        (List<string> ids, List<string> notes) = Find();
        Assert.Equal(["whole"], ids);
        Assert.Contains("big-00001-of-00002.safetensors is a part of a model whose list of parts, big.safetensors.index.json, is missing", Assert.Single(notes), StringComparison.Ordinal);
    }

    [Fact]
    public void LoRAs_are_found_in_folders_by_either_name_and_a_colon_can_be_written()
    {
        using var folders = new DataFolders(Options.Create(new StudioOptions { DataDirectory = _folder }));
        foreach (string file in new[] { "styles/ink.safetensors", "plain.gguf", "v1:0.safetensors", ".hidden.safetensors", "notes.txt" })
        {
            string path = Path.Combine(folders.Loras, file);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, "");
        }

        Directory.CreateSymbolicLink(Path.Combine(folders.Loras, "styles", "up"), "..");
        var loras = new LoraFolder(folders);
        Assert.Equal(["plain", "styles/ink", "v1_0"], loras.Names);
        foreach (string name in new[] { "styles/ink", "ink", "INK", "ink.safetensors", "styles/ink.safetensors", "styles\\ink" })
            Assert.Equal(Path.Combine(folders.Loras, "styles", "ink.safetensors"), loras.Find(name));
        Assert.Equal(Path.Combine(folders.Loras, "v1:0.safetensors"), loras.Find("v1_0"));
        foreach (string name in new[] { "../plain", "/etc/passwd", "hidden", "notes", "up/plain", "" })
            Assert.Null(loras.Find(name));
    }

    private (List<string> Ids, List<string> Notes) Find(params string[] known)
    {
        var catalogue = new CatalogueSnapshot(
            known.ToDictionary(id => id, id => new ModelDefinition { Id = id, Name = id, Options = new(), Files = [], DefaultSize = new(64, 64) }), [], null, null, null, []);
        List<string> notes = [];
        CatalogueSnapshot all = FoundModels.AddTo(catalogue, _folder, new ModelFileCache(), notes.Add);
        return ([.. all.Models.Keys.Order(StringComparer.Ordinal)], notes);
    }

    // The tensors by which a checkpoint of Stable Diffusion 1 is known, without their numbers.
    private void Checkpoint(string name)
    {
        string path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        (string Name, int[] Shape)[] tensors =
        [
            ("model.diffusion_model.input_blocks.0.0.weight", [320, 4, 3, 3]), ("model.diffusion_model.middle_block.1.transformer_blocks.0.attn2.to_k.weight", [1280, 768]),
            ("model.diffusion_model.output_blocks.0.0.in_layers.2.weight", [1, 1]), ("model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight", [320, 768]),
            ("first_stage_model.decoder.conv_in.weight", [512, 4, 3, 3]), ("first_stage_model.encoder.conv_in.weight", [128, 3, 3, 3]),
            ("cond_stage_model.transformer.text_model.embeddings.token_embedding.weight", [49408, 768]),
            ("cond_stage_model.transformer.text_model.embeddings.position_embedding.weight", [77, 768]),
        ];
        var header = new StringBuilder("{");
        long at = 0;
        foreach ((string tensor, int[] shape) in tensors)
        {
            long bytes = shape.Aggregate(2L, (product, side) => product * side);
            header.Append(header.Length > 1 ? "," : "").Append($"\"{tensor}\":{{\"dtype\":\"F16\",\"shape\":[{string.Join(',', shape)}],\"data_offsets\":[{at},{at + bytes}]}}");
            at += bytes;
        }

        byte[] json = Encoding.UTF8.GetBytes(header.Append('}').ToString());
        using FileStream file = File.Create(path);
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        file.Write(length);
        file.Write(json);
        // A hole: no disk is used for it.
        file.SetLength(8 + json.Length + at);
    }
}
