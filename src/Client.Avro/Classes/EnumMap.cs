using Avro;

namespace Loire.Client.Avro;

/// <summary>The members of a .NET enum for the symbols of a schema, by name up to case and underscores: IN_TRANSIT is InTransit.</summary>
internal sealed class EnumMap
{
    private readonly object[] _members;
    private readonly Dictionary<object, int> _symbols = [];

    /// <exception cref="AvroMappingException">A symbol has no member.</exception>
    public EnumMap(Type type, EnumSchema schema)
    {
        var names = Enum.GetNames(type);
        _members = [.. schema.Symbols.Select(symbol => LooseName.Find(names, name => name, symbol, schema.Contains) is { } name
            ? Enum.Parse(type, name)
            : throw new AvroMappingException($"{type.Name} has no member for the symbol {symbol} of {schema.Fullname}."))];
        for (var i = 0; i < _members.Length; i++)
        {
            _symbols.TryAdd(_members[i], i);
        }
    }

    /// <summary>The member of a symbol.</summary>
    public object MemberOf(int symbol) => _members[symbol];

    /// <summary>The number of the symbol of a member.</summary>
    /// <exception cref="AvroDataException">The value is not a member with a symbol.</exception>
    public int SymbolOf(object? member) => member is not null && _symbols.TryGetValue(member, out var symbol)
        ? symbol
        : throw new AvroDataException($"{member ?? "null"} is not a symbol of the enum.");
}
