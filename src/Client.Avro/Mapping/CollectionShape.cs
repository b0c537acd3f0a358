namespace Loire.Client.Avro;

/// <summary>What a type of .NET is as an array or a map of Avro.</summary>
/// <param name="Item">What it holds: items, or a map's values.</param>
/// <param name="Made">The type that is made when one is read; null if none can be.</param>
internal sealed record CollectionShape(Type Item, Type? Made)
{
    /// <summary>The shape of a list, a set or an array; null if the type is neither.</summary>
    public static CollectionShape? OfItems(Type type)
    {
        if (type == typeof(string) || Argument(type, typeof(IEnumerable<>)) is not { } item || OfEntries(type) is not null)
        {
            return null;
        }

        Type[] candidates = [typeof(List<>).MakeGenericType(item), typeof(HashSet<>).MakeGenericType(item)];
        return new CollectionShape(item, type.IsArray ? type : Choose(type, candidates, typeof(ICollection<>).MakeGenericType(item)));
    }

    /// <summary>The shape of a dictionary by text; null if the type is none.</summary>
    public static CollectionShape? OfEntries(Type type)
    {
        if (Argument(type, typeof(IEnumerable<>)) is not { IsGenericType: true } pair
            || pair.GetGenericTypeDefinition() != typeof(KeyValuePair<,>) || pair.GetGenericArguments()[0] != typeof(string))
        {
            return null;
        }

        var value = pair.GetGenericArguments()[1];
        var candidate = typeof(Dictionary<,>).MakeGenericType(typeof(string), value);
        return new CollectionShape(value, Choose(type, [candidate], typeof(IDictionary<,>).MakeGenericType(typeof(string), value)));
    }

    private static Type? Choose(Type type, Type[] candidates, Type filledBy) =>
        Array.Find(candidates, type.IsAssignableFrom)
        ?? (!type.IsAbstract && filledBy.IsAssignableFrom(type) && type.GetConstructor(Type.EmptyTypes) is not null ? type : null);

    private static Type? Argument(Type type, Type @interface) => type.GetInterfaces().Append(type)
        .FirstOrDefault(candidate => candidate.IsGenericType && candidate.GetGenericTypeDefinition() == @interface)?
        .GetGenericArguments()[0];
}
