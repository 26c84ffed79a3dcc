namespace SdStudio.Server.Generation.Templates;

/// <summary>The lists that <c>__name__</c> stands for.</summary>
internal interface IWildcards
{
    /// <summary>The entries of a wildcard, in an order that is the same on every machine; none when there is no such wildcard.</summary>
    /// <param name="pattern">A name with folders, e.g. <c>animals/birds</c>; <c>*</c> stands for any characters within a folder, <c>**</c> for any folders.</param>
    IReadOnlyList<string> Find(string pattern);
}
