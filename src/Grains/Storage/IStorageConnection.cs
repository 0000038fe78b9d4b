namespace SyncCluster.Storage;

/// <summary>Whether the storage of jobs can be written to. What was not sent is known not to be stored; of what was sent without an answer nothing is.</summary>
internal interface IStorageConnection
{
    /// <summary>Whether a write would be sent now.</summary>
    bool IsConnected { get; }
}
