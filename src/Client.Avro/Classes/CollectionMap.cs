using System.Collections;

namespace Loire.Client.Avro;

/// <summary>The .NET collection of an Avro array: T[], or List&lt;T&gt; for every type that a list can be assigned to.</summary>
internal sealed class CollectionMap
{
    private readonly Type _list;

    private CollectionMap(Type item, bool isArray) => (Item, IsArray, _list) = (item, isArray, typeof(List<>).MakeGenericType(item));

    /// <summary>The type of the items.</summary>
    public Type Item { get; }

    private bool IsArray { get; }

    /// <summary>The map of a collection type; null if it is not one that can be filled.</summary>
    public static CollectionMap? Of(Type type)
    {
        if (type.IsSZArray)
        {
            return new CollectionMap(type.GetElementType()!, isArray: true);
        }

        var map = type.GenericTypeArguments is [var item] ? new CollectionMap(item, isArray: false) : null;
        return map is not null && type.IsAssignableFrom(map._list) ? map : null;
    }

    public IList Create() => (IList)Activator.CreateInstance(_list)!;

    /// <summary>The collection of the items.</summary>
    public object Complete(IList items)
    {
        if (!IsArray)
        {
            return items;
        }

        var array = Array.CreateInstance(Item, items.Count);
        items.CopyTo(array, 0);
        return array;
    }
}
