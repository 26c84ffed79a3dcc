using System.Text.Json.Nodes;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Models.Files;

namespace SdStudio.Server.Http.A1111;

/// <summary>The lists under <c>/sdapi/v1</c> that clients fill their menus from. No answer names a folder of the server.</summary>
internal static class A1111Lists
{
    private const int MaxNotes = 64;

    public static void MapSdLists(this RouteGroupBuilder api, bool documentShapes)
    {
        api.MapGet("/samplers", async (HttpContext context, EngineHost host) => Samplers(await host.Ready.WaitAsync(context.RequestAborted), IsDocument(context, documentShapes)));
        api.MapGet("/schedulers", async (HttpContext context, EngineHost host) => Schedulers(await host.Ready.WaitAsync(context.RequestAborted), IsDocument(context, documentShapes)));
        api.MapGet("/sd-models", (HttpContext context, ClientModels models) => Models(models, IsDocument(context, documentShapes)));
        api.MapGet("/upscalers", (ModelCatalogue catalogue) => A1111Responses.Json(Upscalers(catalogue)));
        api.MapGet("/latent-upscale-modes", () => A1111Responses.Json(A1111Responses.List(LatentUpscalers.All.Select(name => new JsonObject { ["name"] = name }))));
        api.MapGet("/sd-vae", (VaeFiles vaes) => A1111Responses.Json(Vaes(vaes)));
        api.MapGet("/sd-modules", (VaeFiles vaes) => A1111Responses.Json(Vaes(vaes)));
        api.MapGet("/loras", (LoraShelf shelf) => A1111Responses.Json(A1111Responses.List(shelf.For(model: null).Select(Lora))));
        api.MapGet("/controlnets", (ControlNetFolder nets) => A1111Responses.Json(A1111Responses.List(nets.Names.Select(name => (JsonNode)name))));
        api.MapGet("/ip-adapters", (IdentityFits identities) => A1111Responses.Json(A1111Responses.List(identities.Names.Select(name => (JsonNode)name))));
        api.MapGet("/memory", (EngineHost host) => A1111Responses.Json(Memory(host)));
        api.MapGet("/version", (EngineHost host) => A1111Responses.Json(Version(host)));
        api.MapGet("/cmd-flags", (HttpContext context) => A1111Responses.Json(new JsonObject
        {
            ["api"] = true, ["nowebui"] = true, ["listen"] = false, ["port"] = context.Connection.LocalPort, ["ckpt_dir"] = null, ["vae_dir"] = null, ["lora_dir"] = null,
        }));
        api.MapGet("/prompt-styles", (StyleBook book) => A1111Responses.Json(A1111Responses.List(book.All.Select(style => new JsonObject
        {
            ["name"] = style.Name, ["prompt"] = style.Prompt, ["negative_prompt"] = style.NegativePrompt,
        }))));
        api.MapGet("/wildcards", (WildcardFolder wildcards) => A1111Responses.Json(A1111Responses.List(wildcards.Lists.Keys.Select(name => (JsonNode)name))));
        MapWithoutContent(api);
    }

    // What the engine has nothing for, and what is true already: clients ask and go on.
    private static void MapWithoutContent(RouteGroupBuilder api)
    {
        foreach (string list in new[] { "hypernetworks", "face-restorers", "script-info", "extensions" })
            api.MapGet($"/{list}", () => A1111Responses.Json(new JsonArray()));
        api.MapGet("/realesrgan-models", (ModelCatalogue catalogue) => A1111Responses.Json(A1111Responses.List(catalogue.Upscalers
            .Where(upscaler => upscaler is { File: not null, IsThere: true })
            .Select(upscaler => new JsonObject { ["name"] = upscaler.Name, ["path"] = Path.GetFileName(upscaler.File!.Written), ["scale"] = upscaler.Scale }))));
        api.MapGet("/embeddings", (EmbeddingFolder embeddings) => A1111Responses.Json(Embeddings(embeddings)));
        api.MapGet("/scripts", () => A1111Responses.Json(new JsonObject { ["txt2img"] = new JsonArray(), ["img2img"] = new JsonArray() }));
        foreach (string action in new[] { "refresh-checkpoints", "refresh-vae", "refresh-loras", "refresh-embeddings" })
        {
            api.MapPost($"/{action}", (ModelCatalogue catalogue) =>
            {
                catalogue.Refresh();
                return A1111Responses.Json(null);
            });
        }

        api.MapPost("/unload-checkpoint", async (ModelCache cache) =>
        {
            await cache.StopAllAsync();
            return A1111Responses.Json(new JsonObject());
        }).RequireAdministrator();
        api.MapPost("/reload-checkpoint", async (HttpContext context, ModelCache cache, A1111OptionStore options) =>
        {
            if ((await options.LoadAsync(context)).Model is { Unsupported: null, Remote: null } model)
                await cache.StartAsync(model, pin: false, context.RequestAborted);
            return A1111Responses.Json(new JsonObject());
        }).RequireAdministrator();
    }

    private static bool IsDocument(HttpContext context, bool usual) => context.Request.Query["shape"].ToString() switch
    {
        "" => usual,
        "document" => true,
        "a1111" => false,
        { } other => throw new BadRequestException([new FieldProblem("shape", $"shape is '{RequestFields.Shown(other)}'; allowed is document or a1111")], detail: null),
    };

    private static IResult Samplers(SdEngine engine, bool document) => A1111Responses.Json(A1111Responses.List(engine.Samplers.Select(name => document
        ? (JsonNode)SamplerNames.SamplerLabel(name)
        : new JsonObject
        {
            ["name"] = SamplerNames.SamplerLabel(name),
            ["aliases"] = A1111Responses.List(SamplerNames.AliasesOf(name).Select(alias => (JsonNode)alias)),
            ["options"] = new JsonObject(),
        })));

    private static IResult Schedulers(SdEngine engine, bool document) => A1111Responses.Json(A1111Responses.List(engine.Schedulers.Prepend("automatic").Select(name =>
    {
        string label = name == "automatic" ? "Automatic" : SamplerNames.SchedulerLabel(name);
        return document
            ? (JsonNode)label
            : new JsonObject { ["name"] = name, ["label"] = label, ["aliases"] = null, ["default_rho"] = -1.0, ["need_inner_model"] = false };
    })));

    private static IResult Models(ClientModels models, bool document) => A1111Responses.Json(document
        ? new JsonObject { ["title"] = "sd-models", ["models"] = A1111Responses.List(models.All.Select(model => (JsonNode)Path.GetFileName(model.MainFile))) }
        : A1111Responses.List(models.All.Select(model => new JsonObject
        {
            // One client chooses by "name", the others by "title".
            ["title"] = models.TitleOf(model),
            ["model_name"] = model.Id,
            ["name"] = models.TitleOf(model),
            ["hash"] = models.HashOf(model),
            ["sha256"] = models.Sha256Of(model),
            ["filename"] = Path.GetFileName(model.MainFile),
            ["config"] = null,
            ["type"] = Path.GetExtension(model.MainFile).TrimStart('.'),
        })));

    // Clients read the trigger words out of the notes; the tags are one set there, the most frequent ones.
    private static JsonObject Lora(ShelfLora lora)
    {
        var metadata = new JsonObject();
        foreach ((string name, string text) in ModelCards.NotesOf(lora.Path).Take(MaxNotes))
            metadata[name] = text;
        if (lora.Card.Tags.Count > 0)
        {
            var tags = new JsonObject();
            foreach (TagCount tag in lora.Card.Tags)
                tags[tag.Tag] = tag.Count;
            metadata["ss_tag_frequency"] = new JsonObject { ["tags"] = tags };
        }

        if (lora.Card.TriggerWords.Count > 0)
            metadata["modelspec.trigger_phrase"] ??= string.Join(", ", lora.Card.TriggerWords);
        return new JsonObject { ["name"] = lora.Name, ["alias"] = lora.Card.Title ?? lora.Name, ["path"] = Path.GetFileName(lora.Path), ["metadata"] = metadata };
    }

    private static JsonArray Upscalers(ModelCatalogue catalogue)
    {
        var list = new JsonArray(Upscaler("None", null, 1));
        foreach (UpscalerDefinition upscaler in catalogue.Upscalers.Where(upscaler => upscaler.IsThere).OrderBy(upscaler => upscaler.File is null ? 0 : 1))
            list.Add((JsonNode)Upscaler(upscaler.Name, upscaler.File is { } file ? Path.GetFileName(file.Written) : null, upscaler.File is null ? 4 : upscaler.Scale));
        return list;
    }

    private static JsonObject Upscaler(string name, string? file, int scale) => new()
    {
        ["name"] = name, ["model_name"] = file is null ? null : name, ["model_path"] = file, ["model_url"] = null, ["scale"] = scale,
    };

    private static JsonObject Embeddings(EmbeddingFolder folder)
    {
        List<Embedding> all = [.. folder.All];
        (string Word, JsonNode? Shown)[] shown = [.. all.Select(embedding => (embedding.Word, (JsonNode?)new JsonObject
        {
            ["step"] = null, ["sd_checkpoint"] = null, ["sd_checkpoint_name"] = null, ["shape"] = embedding.Width, ["vectors"] = embedding.Vectors,
        }))];
        return new JsonObject
        {
            ["loaded"] = new JsonObject(shown.Where((_, index) => all[index].Family != ModelFamily.Unknown).Select(pair => KeyValuePair.Create(pair.Word, pair.Shown))),
            ["skipped"] = new JsonObject(shown.Where((_, index) => all[index].Family == ModelFamily.Unknown).Select(pair => KeyValuePair.Create(pair.Word, pair.Shown))),
        };
    }

    private static JsonArray Vaes(VaeFiles vaes) => A1111Responses.List(vaes.Names.Select(name => new JsonObject { ["model_name"] = name, ["filename"] = name }));

    private static JsonObject Memory(EngineHost host)
    {
        GCMemoryInfo memory = GC.GetGCMemoryInfo();
        return new JsonObject { ["ram"] = Usage(memory.TotalAvailableMemoryBytes, Environment.WorkingSet), ["cuda"] = GraphicsMemory(host) };
    }

    // The first graphics card that says what it has, as Automatic1111 answers for its one.
    private static JsonObject GraphicsMemory(EngineHost host)
    {
        foreach (SdDevice device in host.Loaded?.Devices ?? [])
        {
            if (!device.Name.StartsWith("CPU", StringComparison.OrdinalIgnoreCase) && device.ReadMemory() is { } memory)
                return new JsonObject { ["system"] = Usage(memory.TotalBytes, memory.TotalBytes - memory.FreeBytes) };
        }

        return new JsonObject { ["error"] = "The engine computes on no graphics card" };
    }

    private static JsonObject Usage(long total, long used) => new() { ["free"] = Math.Max(0, total - used), ["used"] = used, ["total"] = total };

    private static JsonObject Version(EngineHost host) => new()
    {
        ["app"] = "SdStudio",
        ["version"] = typeof(A1111Lists).Assembly.GetName().Version?.ToString(3),
        ["engine"] = host.Loaded is { } engine ? EngineHost.NameOf(engine) : null,
    };
}
