namespace SyncCluster.Hosting.Storage;

/// <summary>Copies of the storage while the server runs, one at a time. Each is a file in the storage's folder until it has been sent.</summary>
internal sealed partial class BackUp(SqliteDatabase database, ILogger<BackUp> logger) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>Makes a copy of the storage as it is at one moment.</summary>
    /// <returns>The copy, which goes when it is closed; null if nothing is kept, so that there is nothing to copy.</returns>
    /// <exception cref="IOException">There is no room for it.</exception>
    public async Task<Stream?> MakeAsync(CancellationToken cancellation)
    {
        if (database.Folder is not { } folder)
        {
            return null;
        }

        await _turn.WaitAsync(cancellation);
        var path = Path.Combine(folder, $"{SqliteFile.BackUpPrefix}{Guid.NewGuid():N}");
        try
        {
            SqliteFile.CreateEmpty(path);
            await Task.Run(() => database.BackUp(path), CancellationToken.None);
            var copy = new FileStream(
                path, new FileStreamOptions { Options = FileOptions.DeleteOnClose | FileOptions.Asynchronous | FileOptions.SequentialScan });
            LogMade(copy.Length);
            return copy;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            LogFailed(fault);
            File.Delete(path);
            throw new IOException("There is no back-up.", fault);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();
}
