namespace SyncCluster.Storage;

/// <summary>A storage in the process itself.</summary>
internal sealed class LocalStorageConnection : IStorageConnection
{
    /// <inheritdoc/>
    public bool IsConnected => true;
}
