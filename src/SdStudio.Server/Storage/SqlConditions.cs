namespace SdStudio.Server.Storage;

/// <summary>The conditions of a filter and the values of their parameters.</summary>
internal sealed class SqlConditions
{
    private readonly List<string> _conditions = [];

    public int Count => _conditions.Count;

    public List<(string Name, object? Value)> Values { get; } = [];

    /// <summary>Empty, or a blank, <c>WHERE</c> and all of them.</summary>
    public string Where => _conditions.Count == 0 ? "" : $" WHERE {string.Join(" AND ", _conditions)}";

    public void Add(string condition) => _conditions.Add(condition);

    /// <summary>Adds all of others; of parameters with one name the value is the same.</summary>
    public void AddAll(SqlConditions others)
    {
        _conditions.AddRange(others._conditions);
        AddValues(others);
    }

    /// <summary>Adds only the parameters of others.</summary>
    public void AddValues(SqlConditions others) => Values.AddRange(others.Values.ExceptBy(Values.Select(value => value.Name), value => value.Name).ToArray());

    /// <summary>Adds one with its parameter; nothing for null, which is how a filter says that anything will do.</summary>
    public void Require(string condition, string name, object? value)
    {
        if (value is null)
            return;
        _conditions.Add(condition);
        Values.Add((name, value));
    }
}
