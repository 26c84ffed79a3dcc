namespace SdStudio.Server.Storage.Postgres;

/// <summary>How far a move is.</summary>
/// <param name="What">Rows of a table, or files.</param>
/// <param name="Done">How many are copied, with those that were there already.</param>
/// <param name="Total">Of how many; null if unknown.</param>
internal readonly record struct MovedSoFar(string What, long Done, long? Total);
