using System.Globalization;

namespace SdStudio.Server.Tests.Storage;

/// <summary>What holds for shared state in every store.</summary>
public abstract class SharedStateContract : StoreContract
{
    [Fact]
    public async Task No_change_is_lost_however_many_change_at_once()
    {
        await AtOnceAsync(50, async _ =>
        {
            await State.ChangeTextAsync("count", text => (int.Parse(text ?? "0", CultureInfo.InvariantCulture) + 1).ToString(CultureInfo.InvariantCulture), Cancellation);
            return true;
        });

        Assert.Equal("50", await State.TextAsync("count", Cancellation));
        Assert.Null(await State.TextAsync("nothing", Cancellation));
    }

    [Fact]
    public async Task A_change_that_fails_leaves_what_was_there()
    {
        await State.ChangeTextAsync("key", _ => "kept", Cancellation);
        await Assert.ThrowsAsync<ArgumentException>(async () => await State.ChangeTextAsync("key", _ => throw new ArgumentException("no"), Cancellation));

        Assert.Equal("kept", await State.TextAsync("key", Cancellation));
    }
}
