namespace SdStudio.Server.Gallery;

/// <summary>The boards that people put images on.</summary>
internal interface IBoards
{
    /// <summary>The boards of a scope by name, with the number of images on each.</summary>
    ValueTask<IReadOnlyList<Board>> ListAsync(OwnerScope scope, CancellationToken cancellation);

    /// <summary>A board by its id or its name; null when there is none.</summary>
    ValueTask<Board?> FindAsync(string idOrName, OwnerScope scope, CancellationToken cancellation);

    /// <summary>Makes a board; null when its owner has one of that name.</summary>
    ValueTask<Board?> AddAsync(string name, string owner, CancellationToken cancellation);

    /// <summary>Gives a board another name. False when its owner has one of that name.</summary>
    ValueTask<bool> RenameAsync(Board board, string name, CancellationToken cancellation);

    /// <summary>Removes a board; its images stay, on none.</summary>
    ValueTask DeleteAsync(Board board, CancellationToken cancellation);
}

/// <param name="Id">Usable in requests, like its name.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Owner">Whose it is.</param>
/// <param name="CreatedAt">Unix milliseconds.</param>
/// <param name="Images">How many images are on it.</param>
/// <param name="CoverId">Its newest image; null for none.</param>
internal sealed record Board(string Id, string Name, string Owner, long CreatedAt, long Images, string? CoverId)
{
    public const int MaxNameCharacters = 100;
}
