using System.IO.Compression;
using BenchmarkDotNet.Attributes;
using SdCpp.Interop;

namespace SdCpp.Benchmarks;

/// <summary>Saving an image, against its pixels put through .NET's zlib as they are, and against libpng by way of libvips.</summary>
public class PngBenchmarks
{
    private readonly string _file = Path.Combine(Demo.Folder, "benchmark.png");
    private ImageBuffer _image = null!;
    private NetVips.Image _vips = null!;

    [Params(512, 1024)]
    public int Side { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        Directory.CreateDirectory(Demo.Folder);
        _image = Photo(Side);
        _vips = NetVips.Image.NewFromMemoryCopy(_image.Address, (ulong)_image.Length, Side, Side, 3, NetVips.Enums.BandFormat.Uchar);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _image.Dispose();
        _vips.Dispose();
        File.Delete(_file);
    }

    [Benchmark(Baseline = true)]
    public long SavePng()
    {
        _image.Save(_file);
        return Told(nameof(SavePng));
    }

    [Benchmark]
    public long Fastest() => Deflate(CompressionLevel.Fastest, nameof(Fastest));

    [Benchmark]
    public long Optimal() => Deflate(CompressionLevel.Optimal, nameof(Optimal));

    [Benchmark]
    public long LibpngLevel1() => Vips(1, nameof(LibpngLevel1));

    [Benchmark]
    public long LibpngLevel6() => Vips(6, nameof(LibpngLevel6));

    private long Deflate(CompressionLevel level, string name)
    {
        using (FileStream file = File.Create(_file))
        using (var deflate = new ZLibStream(file, level))
            deflate.Write(_image.Span);
        return Told(name);
    }

    private long Vips(int level, string name)
    {
        _vips.Pngsave(_file, compression: level, filter: NetVips.Enums.ForeignPngFilter.All);
        return Told(name);
    }

    // The sizes go into the output once, beside the times.
    private readonly HashSet<string> _told = [];

    private long Told(string name)
    {
        long bytes = new FileInfo(_file).Length;
        if (_told.Add(name))
            Console.WriteLine($"{name}, {Side} × {Side}: {bytes} of {_image.Length} bytes");
        return bytes;
    }

    /// <summary>As rough as a photograph: noise of every size, finer ones fainter, and grain of one level.</summary>
    private static ImageBuffer Photo(int side)
    {
        var random = new Random(1);
        var image = ImageBuffer.Create(side, side);
        float[] light = new float[image.Length];
        for (int cells = 2; cells <= side / 2; cells *= 2)
            AddNoise(light, side, cells, random);
        for (int i = 0; i < light.Length; i++)
            image.Span[i] = (byte)Math.Clamp(128 + light[i] + random.Next(3) - 1, 0, 255);
        return image;
    }

    private static void AddNoise(float[] light, int side, int cells, Random random)
    {
        float[] grid = [.. Enumerable.Range(0, (cells + 1) * (cells + 1) * 3).Select(_ => (random.NextSingle() - .5f) * 340 / cells)];
        for (int y = 0; y < side; y++)
        {
            for (int x = 0; x < side; x++)
            {
                (int row, float down) = ((int)((float)y * cells / side), (float)y * cells / side % 1);
                (int column, float right) = ((int)((float)x * cells / side), (float)x * cells / side % 1);
                for (int c = 0; c < 3; c++)
                {
                    float At(int r, int k) => grid[((((row + r) * (cells + 1)) + column + k) * 3) + c];
                    light[(((y * side) + x) * 3) + c] += float.Lerp(float.Lerp(At(0, 0), At(0, 1), right), float.Lerp(At(1, 0), At(1, 1), right), down);
                }
            }
        }
    }
}
