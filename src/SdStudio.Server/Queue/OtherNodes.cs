namespace SdStudio.Server.Queue;

/// <summary>The other machines of the studio that live, as they told last: for what cannot wait for the database.</summary>
/// <param name="areShared">Whether there may be such machines.</param>
internal sealed class OtherNodes(bool areShared)
{
    private volatile IReadOnlyList<NodeState> _alive = [];
    private volatile bool _isThisDrained;

    /// <summary>Whether other machines may have the same jobs.</summary>
    public bool AreShared => areShared;

    public IReadOnlyList<NodeState> Alive
    {
        get => _alive;
        set => _alive = value;
    }

    /// <summary>Whether this machine begins no jobs.</summary>
    public bool IsThisDrained
    {
        get => _isThisDrained;
        set => _isThisDrained = value;
    }

    /// <summary>Which of them have the files of a model.</summary>
    public IEnumerable<NodeState> With(string model) => _alive.Where(node => node.Models.Any(known => known.Id == model));

    /// <summary>One of them that has the files of a model and memory for it, the least busy first; null for none.</summary>
    public NodeState? WithRoomFor(string model) => _alive.Where(node => !node.IsDrained && node.Models.Any(known => known.Id == model && known.Fits)).MinBy(node => node.Running);
}
