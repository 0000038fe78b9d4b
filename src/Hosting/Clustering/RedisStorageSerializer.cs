using Orleans.Serialization;
using Orleans.Storage;

namespace SyncCluster.Hosting.Clustering;

/// <summary>
/// Writes the same bytes as Orleans' own serializer for storage, but into pooled buffers: that one grows a buffer from 256 bytes for each record.
/// </summary>
internal sealed class RedisStorageSerializer(Serializer serializer) : IGrainStorageSerializer
{
    /// <inheritdoc/>
    public BinaryData Serialize<T>(T? input) => new(serializer.SerializeToArray(input));

    /// <inheritdoc/>
    public T? Deserialize<T>(BinaryData input) => serializer.Deserialize<T>(input.ToMemory());
}
